// The configuration, declared once: types, defaults, descriptions and examples; JSON Schema and docs come from here.
import { z } from "zod";
import { LOG_LEVELS } from "../words/log-levels.ts";
import { AlertSettings, alertMistakes } from "./alerts.ts";
import { CallbackConfig } from "./callback.ts";
import { CameraConfig, pauseMistakes, VisionEconomy } from "./cameras.ts";
import { CommandsConfig } from "./commands.ts";
import { CustomersConfig, HttpConfig, surroundings } from "./context.ts";
import { FairPlaySettings } from "./fair-play.ts";
import { anchor, filePath, hasNoLogin, id, milliseconds, minScore, NO_LOGIN, polygon, wholeFrame } from "./fields.ts";
import { checkFollowUp, FollowUpConfig } from "./follow-up.ts";
import { checkFootfall, footfall, TrackingSettings } from "./footfall.ts";
import { MqttDoorConfig } from "./mqtt-door.ts";
import { NotifySettings } from "./notify.ts";
import { PadConfig } from "./pads.ts";
import { checkPresence, PresenceConfig } from "./presence.ts";
import { ReadingLimits } from "./reading.ts";
import { RemoteConfig } from "./remote-config.ts";
import { RollupConfig } from "./rollups.ts";
import { SurveyConfig } from "./surveys.ts";
import { UpdateConfig } from "./update.ts";
import { OpeningHours } from "./weekly.ts";

const BrokerConfig = z
  .strictObject({
    url: z
      .url({ protocol: /^(mqtts?|wss?)$/ })
      .refine(hasNoLogin, NO_LOGIN)
      .describe("mqtt://, mqtts://, ws:// or wss://, without user and password"),
    prefix: z
      .string()
      .regex(/^[^+#\s]+[^+#/\s]$/)
      .default("touchpoint/v1")
      .describe("first part of every topic"),
    username: z.string().optional().describe("by the contract's broker rule the device name"),
    passwordFile: filePath.optional().describe("file that holds the password and nothing else"),
    caFile: filePath.optional().describe("PEM file of the authorities to trust; without it the system's"),
    certFile: filePath.optional().describe("PEM file of this device's certificate"),
    keyFile: filePath.optional().describe("PEM file of the certificate's private key"),
    keepaliveS: z.int().min(5).max(3600).default(30).describe("seconds between signs of life, by MQTT"),
    window: z.int().min(1).max(1000).default(64).describe("most publishes without PUBACK at one moment"),
    protocol: z.enum(["auto", "5", "3.1.1"]).default("auto").describe("auto: MQTT 5, falling back to 3.1.1"),
    alpn: z
      .array(z.string().min(1).max(255))
      .min(1)
      .optional()
      .describe("protocol names offered inside TLS (ALPN), for brokers that share port 443"),
    moveTo: z
      .array(z.string().regex(/^([a-z0-9.-]+|\[[0-9a-f:]+\])(:\d{1,5})?$/i, "use host or host:port"))
      .default([])
      .describe(
        "hosts, with or without port, to which the broker may refer this device; a reference elsewhere is reported",
      ),
    confirm: z
      .enum(["puback", "server"])
      .default("puback")
      .describe("when a row is done with: once the broker has it, or once the server confirmed it by `ack`"),
    resendAfterS: z
      .int()
      .min(1)
      .max(86_400)
      .default(300)
      .describe("with `confirm: server`, rows not confirmed for this long are sent again, seconds"),
    replyPrefix: z
      .string()
      .regex(/^[^+#\s]+[^+#/\s]$/)
      .optional()
      .describe("an MQTT 5 response topic is used where it lies below this; otherwise replies go to `reply/{name}`"),
    homeAssistant: z
      .strictObject({
        discoveryPrefix: z
          .string()
          .regex(/^[^+#\s]*[^+#/\s]$/)
          .default("homeassistant")
          .describe("as Home Assistant has it, where it was changed there"),
      })
      .optional()
      .describe(
        "tells Home Assistant what this device has (MQTT discovery); absent: nothing, and what was told is taken back",
      ),
  })
  .describe("the central broker");
export type BrokerConfig = z.infer<typeof BrokerConfig>;

const JournalConfig = z
  .strictObject({
    maxBytes: z
      .int()
      .min(1_048_576)
      .max(1_099_511_627_776)
      .default(536_870_912)
      .describe("largest size of the journal, bytes; beyond it what was sent goes first, then what matters least"),
    maxAgeDays: z
      .int()
      .min(1)
      .max(3_650)
      .default(90)
      .describe("what was sent is kept this long for `resend`, `metrics` and `export`, days"),
    reserveBytes: z
      .int()
      .min(0)
      .max(1_073_741_824)
      .default(8_388_608)
      .describe("space kept for presses on a full disk, bytes; 0: none"),
    batchMs: z
      .int()
      .min(0)
      .max(60_000)
      .default(2_000)
      .describe("mood, presence and health wait this long for one another, to spare the card; presses never wait"),
  })
  .describe("events on this device's disk");
export type JournalConfig = z.infer<typeof JournalConfig>;

const sensitiveUse = z
  .strictObject({
    purpose: z.string().min(10).describe("why it is measured, as written on the notice"),
    controller: z.string().min(3).describe("who answers for it under data protection law"),
    notice: z.string().min(3).describe("where people are told: text, sign or address"),
  })
  .describe("off until purpose, controller and notice are named");

const Local = z
  .strictObject({
    device: id.describe("unique in the whole fleet; equals MQTT user name and certificate common name"),
    site: id.describe("label of the place, the same for all its devices"),
    timezone: z
      .string()
      .refine(isTimeZone, "not an IANA time zone")
      .default("UTC")
      .describe("IANA name; said in each event, decides where a day ends"),
    dataDir: filePath.default("/var/lib/touchpoint").describe("folder of the journal"),
    journal: JournalConfig.prefault({}),
    modelsDir: filePath.optional().describe("folder with manifest.json; default: the models shipped with the program"),
    broker: BrokerConfig.optional().describe("without it events stay in the journal"),
    pads: z.array(PadConfig).default([]).describe("button pads, keypads and readers"),
    cameras: z.array(CameraConfig).default([]).describe("cameras; none is a good number"),
    vision: z
      .strictObject({
        threads: z.int().min(1).max(8).default(1).describe("processor threads for inference"),
        face: z.string().default("face-320x192").describe("face model, by its name in the manifest"),
        person: z.string().default("person-320x192").describe("person model, by its name in the manifest"),
        expression: z.string().default("expression-48").describe("expression model, by its name in the manifest"),
        demographics: z
          .string()
          .optional()
          .describe("model of age and sex, your own, by its name in the manifest; none is shipped"),
        reading: ReadingLimits.prefault({}),
        economy: VisionEconomy.prefault({}),
      })
      .prefault({})
      .describe("inference"),
    privacy: z
      .strictObject({
        emotion: sensitiveUse.optional().describe("reading expressions of faces; off while this is absent"),
        demographics: sensitiveUse
          .optional()
          .describe("reading age and sex off faces, by a model of your own; off while this is absent"),
      })
      .prefault({})
      .describe("the ceiling; remote settings may narrow it, never widen it"),
    http: HttpConfig.optional(),
    mqttDoor: MqttDoorConfig.optional(),
    customers: CustomersConfig.optional(),
    callback: CallbackConfig.optional(),
    notify: NotifySettings.prefault({}),
    remoteConfig: RemoteConfig.prefault({}),
    update: UpdateConfig.optional(),
    commands: CommandsConfig.prefault({}),
    logLevel: z.enum(LOG_LEVELS).default("info").describe("least serious level that is logged"),
  })
  .describe("what belongs to this device; it never leaves it");

export const ZoneConfig = z
  .strictObject({
    camera: id.describe("id of a camera under `local.cameras`"),
    polygon: polygon.default(wholeFrame).describe("corners as shares of the frame, origin top left"),
    by: z.enum(["face", "person", "either"]).default("either").describe("what makes the zone occupied"),
    anchor: anchor.default("centre"),
    minScore: minScore.default(0.5),
    steadyMs: milliseconds
      .default(1_000)
      .describe(
        "a number of people is believed when most frames of this time had it: flicker is left out; 0: each frame",
      ),
    dwellMs: milliseconds.default(1_500).describe("occupied this long opens an episode"),
    graceMs: milliseconds.default(1_500).describe("an absence up to this long is bridged"),
    preMs: milliseconds.default(2_000).describe("a press this long before the start still belongs to the episode"),
    postMs: milliseconds.default(5_000).describe("and this long after its end; `silent` is said only then"),
  })
  .describe("where customers stand");
export type ZoneConfig = z.infer<typeof ZoneConfig>;

const QuestionConfig = z.strictObject({
  id,
  version: z.int().min(1).default(1).describe("raise it whenever the wording or the scale changes"),
  text: z.string().default("").describe("the question as the customer reads it"),
  min: z.number().default(1).describe("worst value of the scale"),
  max: z.number().default(4).describe("best value of the scale"),
  buttons: z
    .record(z.string(), z.number().nullable())
    .describe("button name → value on the scale; null marks a reason button"),
  followUp: FollowUpConfig.optional(),
});

export const TouchpointConfig = z.strictObject({
  id,
  pads: z.array(id).default([]).describe("ids of pads under `local.pads`; each serves one touchpoint"),
  question: QuestionConfig.optional().describe("what the pads ask; where there are pads, this or `survey` is needed"),
  survey: id
    .optional()
    .describe("id of the questionnaire asked here; without a `question` the first press on a pad begins it"),
  zone: ZoneConfig.optional(),
  presence: PresenceConfig.optional(),
  ...surroundings,
  ...footfall,
});
export type TouchpointConfig = z.infer<typeof TouchpointConfig>;

const Fleet = z
  .strictObject({
    touchpoints: z.array(TouchpointConfig).min(1).describe("the places where customers are asked or met"),
    openingHours: OpeningHours.default([]).describe(
      "when the places are open; none: always. A press outside is flagged `closed`; silence raises alerts only inside",
    ),
    surveys: z.array(SurveyConfig).max(50).default([]).describe("questionnaires"),
    mood: z
      .strictObject({
        intervalS: z.int().min(10).max(86_400).default(900).describe("length of an interval, seconds"),
        k: z.int().min(2).max(100).default(5).describe("fewer people than this and the interval is suppressed"),
      })
      .prefault({})
      .describe("the emotional background, an event per interval and zone"),
    alerts: AlertSettings.prefault({}),
    fairPlay: FairPlaySettings.prefault({}),
    rollups: RollupConfig.prefault({}),
    tracking: TrackingSettings.prefault({}),
  })
  .describe("what may come from the central server for many devices alike");

export const Config = z
  .strictObject({ version: z.literal(1).describe("version of this format"), local: Local, fleet: Fleet })
  .superRefine((config, context) => {
    const pads = new Set<string>();
    const declare = (name: string, path: (string | number)[], seen: Set<string>): void => {
      if (seen.has(name)) context.addIssue({ code: "custom", path, message: `"${name}" is used twice` });
      seen.add(name);
    };
    config.local.pads.forEach((pad, i) => {
      declare(pad.id, ["local", "pads", i, "id"], pads);
      if (pad.driver !== "serial") return;
      for (const [wire, name] of Object.entries(pad.pads ?? {}))
        if (name !== pad.id) declare(name, ["local", "pads", i, "pads", wire], pads);
      if (pad.pattern !== undefined && !isPattern(pad.pattern.line))
        context.addIssue({
          code: "custom",
          path: ["local", "pads", i, "pattern", "line"],
          message: "not a regular expression",
        });
    });
    const cameras = new Set<string>();
    config.local.cameras.forEach((camera, i) => {
      declare(camera.id, ["local", "cameras", i, "id"], cameras);
    });
    const detected = new Map(config.local.cameras.map(({ id: camera, detect }) => [camera, detect]));
    const touchpoints = new Set<string>();
    const served = new Set<string>();
    config.fleet.touchpoints.forEach((touchpoint, i) => {
      const at = ["fleet", "touchpoints", i];
      declare(touchpoint.id, [...at, "id"], touchpoints);
      touchpoint.pads.forEach((pad, j) => {
        if (!pads.has(pad))
          context.addIssue({ code: "custom", path: [...at, "pads", j], message: `no pad "${pad}" under local.pads` });
        declare(pad, [...at, "pads", j], served);
      });
      touchpoint.readers.forEach((pad, j) => {
        if (!pads.has(pad))
          context.addIssue({
            code: "custom",
            path: [...at, "readers", j],
            message: `no pad "${pad}" under local.pads`,
          });
        declare(pad, [...at, "readers", j], served);
      });
      for (const button of Object.keys(touchpoint.activity?.buttons ?? {}))
        if (Object.hasOwn(touchpoint.question?.buttons ?? {}, button))
          context.addIssue({
            code: "custom",
            path: [...at, "activity", "buttons", button],
            message: "also answers the question: a button does one thing",
          });
      if (
        touchpoint.pads.length > 0 &&
        [touchpoint.question, touchpoint.survey, touchpoint.activity].every((asked) => asked === undefined)
      )
        context.addIssue({ code: "custom", path: at, message: "a touchpoint with pads needs a question" });
      if (touchpoint.survey !== undefined && !config.fleet.surveys.some((survey) => survey.id === touchpoint.survey))
        context.addIssue({
          code: "custom",
          path: [...at, "survey"],
          message: `no questionnaire "${touchpoint.survey}" under fleet.surveys`,
        });
      checkFootfall(touchpoint, detected, (path, message) =>
        context.addIssue({ code: "custom", path: [...at, ...path], message }),
      );
      const question = touchpoint.question;
      if (question !== undefined) {
        if (question.min >= question.max)
          context.addIssue({ code: "custom", path: [...at, "question", "max"], message: "must be greater than min" });
        for (const [button, value] of Object.entries(question.buttons))
          if (value !== null && (value < question.min || value > question.max))
            context.addIssue({
              code: "custom",
              path: [...at, "question", "buttons", button],
              message: `outside ${question.min}..${question.max}`,
            });
        checkFollowUp(question, (path, message) =>
          context.addIssue({ code: "custom", path: [...at, "question", ...path], message }),
        );
      }
    });
    const { vision, privacy } = config.local;
    if (vision.demographics !== undefined && privacy.demographics === undefined)
      context.addIssue({
        code: "custom",
        path: ["local", "vision", "demographics"],
        message: "needs purpose, controller and notice under local.privacy.demographics",
      });
    if (vision.demographics === undefined && privacy.demographics !== undefined)
      context.addIssue({
        code: "custom",
        path: ["local", "privacy", "demographics"],
        message: "needs a model of your own under local.vision.demographics",
      });
    const surveys = new Set<string>();
    config.fleet.surveys.forEach((survey, i) => {
      declare(survey.id, ["fleet", "surveys", i, "id"], surveys);
    });
    checkPresence(config.fleet.touchpoints, config.local.notify.presence, (path, message) =>
      context.addIssue({ code: "custom", path, message }),
    );
    for (const { path, message } of pauseMistakes(config, pads))
      context.addIssue({ code: "custom", path: ["local", "cameras", ...path], message });
    for (const { path, message } of alertMistakes(config.fleet.alerts, config.fleet))
      context.addIssue({ code: "custom", path: ["fleet", "alerts", ...path], message });
    if ((config.local.broker?.certFile === undefined) !== (config.local.broker?.keyFile === undefined))
      context.addIssue({ code: "custom", path: ["local", "broker"], message: "certFile and keyFile belong together" });
    if (config.local.broker?.alpn !== undefined && !/^(mqtts|wss):/.test(config.local.broker.url))
      context.addIssue({ code: "custom", path: ["local", "broker", "alpn"], message: "needs mqtts:// or wss://" });
  });
export type Config = z.infer<typeof Config>;
/** What a person may write: defaults may be left out. */
export type ConfigInput = z.input<typeof Config>;

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

function isPattern(source: string): boolean {
  try {
    return new RegExp(source).source !== "";
  } catch {
    return false;
  }
}
