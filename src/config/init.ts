// A first configuration from a few answers: commented YAML, checked before anybody keeps it.
import { stringify } from "yaml";
import { parseConfig } from "./load.ts";

export interface Answers {
  readonly device: string;
  readonly site: string;
  readonly timezone: string;
  /** Without one, events stay in the journal. */
  readonly broker?: { readonly url: string; readonly username?: string; readonly passwordFile?: string };
  /** Path of the pad's serial port; without one a simulated pad stands in. */
  readonly serialPort?: string;
  /** Path of a V4L2 camera; without one there is no camera. */
  readonly camera?: string;
  readonly question: string;
  /** Buttons of the pad, 2 to 10, from worst to best. */
  readonly buttons: number;
  readonly dataDir?: string;
}

/** One line of YAML: text always quoted, so that a space or `no` stays what was typed. */
function scalar(value: string | number): string {
  return stringify(value, { lineWidth: 0, defaultStringType: "QUOTE_DOUBLE" }).trimEnd();
}

/**
 * The text of a configuration that the agent accepts as it is.
 * @throws Fault CONFIG_INVALID when an answer is not allowed (for instance a device name with a space)
 */
export function firstConfig(answers: Answers): string {
  const { broker } = answers;
  const buttons = Array.from({ length: answers.buttons }, (_, i) => `"${i + 1}": ${i + 1}`).join(", ");
  const lines = [
    "# Made by `touchpoint config init`. Every setting is described in docs/config.md; after a change:",
    "#   touchpoint config check",
    "version: 1",
    "",
    "# What belongs to this device; it never leaves it.",
    "local:",
    "  # Unique in the whole fleet; the MQTT user name and the certificate's common name are the same.",
    `  device: ${scalar(answers.device)}`,
    `  site: ${scalar(answers.site)}`,
    `  timezone: ${scalar(answers.timezone)}`,
    ...(answers.dataDir === undefined ? [] : [`  dataDir: ${scalar(answers.dataDir)}`]),
    ...(broker === undefined
      ? ["  # Without a broker events stay in the journal.", "  # broker:", "  #   url: mqtts://broker.example:8883"]
      : [
          "  broker:",
          `    url: ${scalar(broker.url)}`,
          ...(broker.username === undefined ? [] : [`    username: ${scalar(broker.username)}`]),
          ...(broker.passwordFile === undefined
            ? []
            : [
                "    # The file holds the password and nothing else.",
                `    passwordFile: ${scalar(broker.passwordFile)}`,
              ]),
        ]),
    "  pads:",
    ...(answers.serialPort === undefined
      ? [
          "    # Pressed by software only, until a real pad is named here (serial, gpio, onoff, hid).",
          "    - { id: p1, driver: simulated }",
        ]
      : ["    - id: p1", "      driver: serial", `      port: ${scalar(answers.serialPort)}`]),
    ...(answers.camera === undefined
      ? []
      : [
          "  cameras:",
          "    - id: front",
          "      source:",
          "        kind: v4l2",
          `        device: ${scalar(answers.camera)}`,
          "  # Expressions are not read until all three are named; ask whoever answers for data protection first.",
          "  # privacy:",
          "  #   emotion:",
          "  #     purpose: how satisfied customers are at the counter, per quarter of an hour",
          "  #     controller: Example Ltd, privacy@example.com",
          "  #     notice: sign at the entrance",
        ]),
    "",
    "# What may come from the central server, for many devices alike.",
    "fleet:",
    "  touchpoints:",
    "    - id: counter",
    "      pads: [p1]",
    "      question:",
    "        id: visit",
    "        version: 1",
    `        text: ${scalar(answers.question)}`,
    "        min: 1",
    `        max: ${answers.buttons}`,
    "        # Button of the pad: value on the scale.",
    `        buttons: { ${buttons} }`,
    ...(answers.camera === undefined
      ? []
      : [
          "      # Somebody who stands in the picture this long is an episode; draw a polygon to narrow it.",
          "      zone: { camera: front, dwellMs: 1500 }",
        ]),
    "",
  ];
  const text = lines.join("\n");
  parseConfig(text, "the answers");
  return text;
}

/** A name that the configuration accepts, from a host name or whatever a person typed; empty when nothing is left. */
export function asId(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]+/g, "-")
    .replaceAll(/^-+|-+$/g, "")
    .slice(0, 48);
}
