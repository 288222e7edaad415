// Keys and secrets that the configuration names: there, readable, and secrets by nobody else.
import { type CallbackConfig, readPublicKey } from "../../config/callback.ts";
import { readSecret } from "../../config/secret.ts";
import { type Check, type Finding, failedBy, ok, type Patient, warn } from "../finding.ts";

export const configCheck: Check = {
  name: "config",
  run: (patient) => [
    ok("config", "the file is good"),
    ...secrets(patient),
    ...callbackKey(patient.config.local.callback),
  ],
};

/** The one key that is no secret: anybody may read it, but it must be the right half. */
function callbackKey(callback: CallbackConfig | undefined): Finding[] {
  if (callback === undefined) return [];
  try {
    readPublicKey(callback.publicKeyFile);
    return [ok("callback key", `${callback.publicKeyFile} is an X25519 public key`)];
  } catch (thrown) {
    return [failedBy("callback key", thrown)];
  }
}

function secrets({ config, machine }: Patient): Finding[] {
  const { broker, cameras, http, mqttDoor, customers, notify } = config.local;
  const files = [
    ...(broker?.passwordFile === undefined ? [] : [{ name: "secret broker", file: broker.passwordFile }]),
    ...(broker?.keyFile === undefined ? [] : [{ name: "secret broker key", file: broker.keyFile }]),
    ...(http === undefined ? [] : [{ name: "secret door", file: http.tokenFile }]),
    ...(mqttDoor === undefined ? [] : [{ name: "secret door mqtt", file: mqttDoor.passwordFile }]),
    ...(customers === undefined ? [] : [{ name: "secret customers", file: customers.keyFile }]),
    ...notify.webhooks.flatMap(({ id, tokenFile }) =>
      tokenFile === undefined ? [] : [{ name: `secret webhook ${id}`, file: tokenFile }],
    ),
    ...cameras.flatMap(({ id, source }) =>
      source.kind === "rtsp" && source.passwordFile !== undefined
        ? [{ name: `secret camera ${id}`, file: source.passwordFile }]
        : [],
    ),
  ];
  return files.map(({ name, file }) => {
    try {
      readSecret(file);
    } catch (thrown) {
      return failedBy(name, thrown);
    }
    const others = (machine.place(file)?.mode ?? 0) & 0o077;
    return others === 0
      ? ok(name, `${file} is readable`)
      : warn(name, `${file} can be read by others`, `chmod 600 ${file}`);
  });
}
