// The one catalogue of coded errors, and the class that carries them.

/**
 * What the receiver of a fault does about it:
 * - `config`: the file is wrong; say the path; exit 78.
 * - `unavailable`: retry with jittered back-off; that stage is degraded, all others go on.
 * - `input`: what came in was bad; it was counted and dropped.
 * - `bug`: log fatal, exit, let the service manager restart.
 */
export type FaultKind = "config" | "unavailable" | "input" | "bug";

interface FaultEntry {
  readonly kind: FaultKind;
  /** What a person does next, one sentence. */
  readonly hint: string;
}

/** Every coded error of the program. `docs/errors.md` lists the same codes; a test holds the two together. */
export const FAULTS = {
  CONFIG_UNREADABLE: {
    kind: "config",
    hint: "Check that the file exists and that this user may read it, or give --config FILE.",
  },
  CONFIG_SYNTAX: { kind: "config", hint: "Mend the YAML at the line given." },
  CONFIG_INVALID: { kind: "config", hint: "Mend each path listed; `touchpoint config schema` prints what is allowed." },
  CONFIG_SECRET: { kind: "config", hint: "Put the secret in the file named, readable by this user only." },
  CONFIG_EXISTS: { kind: "input", hint: "Give another --config FILE, or --force to write over this one." },
  CONFIG_WRITE: { kind: "unavailable", hint: "Check that the folder exists, its rights and the space on its disk." },
  SIMULATE_EXISTS: { kind: "input", hint: "Give a folder without a journal: a simulated day is no part of another." },
  SIMULATE_ELSEWHERE: {
    kind: "input",
    hint: "Thousands of devices are a load: give --yes-this-broker if that broker is meant to bear it.",
  },
  SIMULATE_TOO_MUCH: { kind: "input", hint: "Give fewer --devices, a lower --rate or fewer --seconds." },
  JOURNAL_OPEN: { kind: "unavailable", hint: "Check the data folder's disk, space and rights." },
  JOURNAL_WRITE: {
    kind: "unavailable",
    hint: "Check disk space and the card; presses wait in memory and are not acknowledged until it works.",
  },
  JOURNAL_FULL: {
    kind: "unavailable",
    hint: "Free space on the data disk; the oldest waiting low-value events are dropped and owned by a gap.",
  },
  JOURNAL_DAMAGED: { kind: "unavailable", hint: "Run `touchpoint journal verify`; keep the file for repair." },
  JOURNAL_LOCKED: { kind: "unavailable", hint: "Another agent has this data folder open; stop it first." },
  JOURNAL_MOVED: {
    kind: "unavailable",
    hint: "This journal came from another machine; it was set aside and a new stream begun. Send its rows from there.",
  },
  JOURNAL_RESTORED: {
    kind: "unavailable",
    hint: "An older copy of the journal was put back; a new stream begun. Never restore this file from a backup.",
  },
  JOURNAL_QUOTA: {
    kind: "unavailable",
    hint: "The journal is as long as it may be; raise local.journal.maxBytes or mend the way to the broker.",
  },
  JOURNAL_CRASHED: { kind: "unavailable", hint: "The journal's thread ended; it is started again and steps wait." },
  JOURNAL_CLOSED: { kind: "unavailable", hint: "The agent is stopping; a pad that was not answered sends again." },
  JOURNAL_NEWER: { kind: "config", hint: "The journal was written by a newer version; install that version again." },
  ERASE_NAMES: {
    kind: "input",
    hint: "Name one thing: --customer, --card, --transaction, --from with --to (and --touchpoint), or --all.",
  },
  UPDATE_OFF: { kind: "input", hint: "Name the signer's public key in local.update.keyFiles." },
  UPDATE_KEY: {
    kind: "config",
    hint: "Put the signer's Ed25519 public key, PEM, in the file named; never the private one.",
  },
  UPDATE_SIGNATURE: {
    kind: "input",
    hint: "Get the package anew from who made it; it was not signed by a key known here.",
  },
  UPDATE_MANIFEST: {
    kind: "input",
    hint: "Name the manifest of a package, signed and whole; docs/update.md says its shape.",
  },
  UPDATE_ARCHITECTURE: { kind: "input", hint: "Get the package for this device's processor." },
  UPDATE_OLDER: {
    kind: "input",
    hint: "Say --downgrade, or `downgrade` in the command, if an older version is meant.",
  },
  UPDATE_PACKAGE: { kind: "input", hint: "Copy the package anew: it is cut short, changed or not there." },
  UPDATE_WAITING: { kind: "input", hint: "Let the installer take what waits, or remove it from the data folder." },
  UPDATE_WRITE: { kind: "unavailable", hint: "Make room on the data disk, then order it again; nothing was changed." },
  SERIAL_OPEN: { kind: "unavailable", hint: "Check the cable, the port path and that the user is in group dialout." },
  SERIAL_LOST: { kind: "unavailable", hint: "The pad was unplugged or its port failed; plug it in again." },
  SENTENCE_INVALID: {
    kind: "input",
    hint: "Check the baud rate and the cable; `touchpoint serial sniff` shows what comes in.",
  },
  PAD_UNKNOWN: { kind: "input", hint: "Add the pad to the configuration, or check which pad is on this port." },
  BUTTON_UNKNOWN: { kind: "input", hint: "Add the button to the touchpoint's question, or remove it from the pad." },
  TOUCHPOINT_UNKNOWN: { kind: "input", hint: "Name a touchpoint as it stands under fleet.touchpoints." },
  SERVICE_UNKNOWN: { kind: "input", hint: "That window is closed already, or was never opened; open one first." },
  SHIFT_UNKNOWN: { kind: "input", hint: "That person is not on shift at this touchpoint; start the shift first." },
  ACTIVITY_UNKNOWN: { kind: "input", hint: "No attempt is open at this touchpoint; say its start first." },
  DOOR_PORT: { kind: "unavailable", hint: "Another program has the port: give another `local.http.port`." },
  DOOR_TOKEN: { kind: "input", hint: "Send `Authorization: Bearer TOKEN` with the token from local.http.tokenFile." },
  DOOR_BODY: { kind: "input", hint: "Send a JSON object as docs/http.md describes it." },
  DOOR_ROUTE: { kind: "input", hint: "See docs/http.md for the paths and their methods." },
  DOOR_TYPE: { kind: "input", hint: "Send `Content-Type: application/json`." },
  DOOR_RETAINED: { kind: "input", hint: "Publish requests without the retain flag, and remove the one that is kept." },
  DOOR_LENGTH: { kind: "input", hint: "Send at most 16 KiB in a body." },
  DOOR_BUSY: { kind: "unavailable", hint: "Wait a second and send again with the same Idempotency-Key." },
  DOOR_LATE: {
    kind: "unavailable",
    hint: "The disk has not answered yet; send again with the same Idempotency-Key and it counts once.",
  },
  DOOR_KEY: { kind: "input", hint: "Give each request its own Idempotency-Key, 1 to 128 printable characters." },
  CALLBACK_OFF: {
    kind: "input",
    hint: "Set `local.callback` with the server's public key, or do not ask for contacts.",
  },
  CALLBACK_KEY: {
    kind: "config",
    hint: "Put the server's X25519 public key there as PEM: `openssl pkey -in server.key -pubout`, run at the server.",
  },
  GPIO_OPEN: {
    kind: "unavailable",
    hint: "Check chip label and line with `gpioinfo`, and that the user is in group gpio.",
  },
  GPIO_LOST: { kind: "unavailable", hint: "gpiomon ended; check that nothing else took the line." },
  ONOFF_OPEN: { kind: "unavailable", hint: "This kernel may have no sysfs GPIO; use the gpio driver instead." },
  HID_OPEN: { kind: "unavailable", hint: "Check /dev/input/by-id and that the user is in group input." },
  HID_LOST: { kind: "unavailable", hint: "The keypad or reader was unplugged; plug it in again." },
  SCAN_INVALID: {
    kind: "input",
    hint: "Set the reader to a US keyboard layout with Enter after each code of at most 256 characters.",
  },
  BUTTON_STUCK: { kind: "unavailable", hint: "Free the button or its cable: it has been held down for too long." },
  BUTTON_CHATTER: { kind: "unavailable", hint: "Replace the button or raise debounceMs: its contact is bouncing." },
  CAMERA_OPEN: {
    kind: "unavailable",
    hint: "Check the camera with `v4l2-ctl --list-devices`, its address or its file.",
  },
  CAMERA_LOST: { kind: "unavailable", hint: "The camera stopped sending; check cable, power and network." },
  CAMERA_STALE: { kind: "unavailable", hint: "No new frame arrived in time; the camera process is started again." },
  CAMERA_PAUSED: {
    kind: "unavailable",
    hint: "Lift it where it was made: the button by the button, a command by the same door or by the button.",
  },
  PAUSE_HELD: {
    kind: "input",
    hint: "What was paused by a button is resumed only by it; another door's pause by that door, or by the button.",
  },
  CAMERA_DARK: {
    kind: "unavailable",
    hint: "Light the place, or take the cap off; until then the camera cannot say that nobody is there.",
  },
  CAMERA_COVERED: {
    kind: "unavailable",
    hint: "Look what hangs or stands before the lens, or shines into it; until then the camera sees nobody.",
  },
  CAMERA_FROZEN: {
    kind: "unavailable",
    hint: "The source repeats one picture: start the camera or its recorder again.",
  },
  CAMERA_MOVED: {
    kind: "unavailable",
    hint: "Turn the camera back, or draw zones and lines anew and start the agent again.",
  },
  CAMERA_BLURRED: { kind: "unavailable", hint: "Wipe the lens, or set its focus; counts may be too low." },
  CAMERA_SLOW: {
    kind: "unavailable",
    hint: "Check light, network and load, or ask for fewer frames by `fps`; counts may be too low.",
  },
  VISION_CRASHED: { kind: "unavailable", hint: "The vision thread ended; it is started again, buttons go on." },
  VISION_SLOWED: {
    kind: "unavailable",
    hint: "Too hot or too busy: visits and short stays may be missed. Cool it, lower `fps`, or look for less.",
  },
  VISION_UNSUPPORTED: {
    kind: "unavailable",
    hint: "This processor has no inference runtime (32-bit Arm): buttons work, cameras do not.",
  },
  MODEL_MISSING: {
    kind: "unavailable",
    hint: "Run `touchpoint models list`; copy the file named in the manifest into the models folder.",
  },
  MODEL_HASH: { kind: "unavailable", hint: "The file is cut short or another one; copy it or pull it again." },
  MODEL_INVALID: { kind: "unavailable", hint: "The file is no model this runtime can load; copy it again." },
  MODEL_SHAPE: {
    kind: "unavailable",
    hint: "The model's inputs or outputs differ from its manifest; choose the right decoder.",
  },
  MODEL_OUTPUT: {
    kind: "unavailable",
    hint: "The model gave numbers that are not finite; run `touchpoint models verify`.",
  },
  MODEL_UNKNOWN: { kind: "input", hint: "Run `touchpoint models pull` without a name: it lists what can be pulled." },
  MODEL_FOLDER: {
    kind: "config",
    hint: "Set `local.modelsDir`, or give --models-dir FOLDER: the models shipped with the program are never changed.",
  },
  MODEL_FETCH: {
    kind: "unavailable",
    hint: "Check the network, or bring the file on a stick and give --from FOLDER; what was installed is as before.",
  },
  MODEL_WRITE: {
    kind: "unavailable",
    hint: "Check rights and space of the models folder; what was installed is as before.",
  },
  CLIP_UNWRITABLE: {
    kind: "unavailable",
    hint: "Name another file for the annotated clip, in a folder that exists, has space and may be written to.",
  },
  IMAGE_UNREADABLE: { kind: "input", hint: "Give a JPEG, PNG or WebP file that opens in a viewer." },
  BROKER_UNREACHABLE: { kind: "unavailable", hint: "Check network, name and port with `touchpoint mqtt check`." },
  BROKER_REFUSED: { kind: "unavailable", hint: "Check user, password, certificate and the broker's access rules." },
  BROKER_TLS: { kind: "unavailable", hint: "Check the CA file, the certificate's dates and this device's clock." },
  BROKER_LOST: { kind: "unavailable", hint: "The connection ended; events wait in the journal until it is back." },
  BROKER_TAKEN: {
    kind: "unavailable",
    hint: "Another device uses this name: give each its own `local.device`; until then this one comes back slowly.",
  },
  BROKER_MOVED: {
    kind: "unavailable",
    hint: "Set `local.broker.url` to the server named, or list it under `local.broker.moveTo` to have it followed.",
  },
  BROKER_BUSY: { kind: "unavailable", hint: "The broker has too much to do; nothing is lost, the device tries again." },
  BROKER_QUOTA: {
    kind: "unavailable",
    hint: "Raise this device's quota at the broker; events wait in the journal and go as it allows.",
  },
  CERT_EXPIRING: {
    kind: "unavailable",
    hint: "Have a new one issued: `touchpoint identity request` prints what to sign, `touchpoint identity install CERT` puts it in; or `touchpoint mqtt renew CERT KEY`.",
  },
  CERT_UNUSABLE: {
    kind: "unavailable",
    hint: "Check that certFile and keyFile belong together and are PEM; what worked before is used meanwhile.",
  },
  PUBLISH_REFUSED: {
    kind: "unavailable",
    hint: "The broker refused this message; it is kept, visible in `journal status`, and not tried again.",
  },
  ACK_INVALID: { kind: "input", hint: "The central server sent an `ack` that is none; check its version and rights." },
  CLOCK_UNSYNCED: {
    kind: "unavailable",
    hint: "Check `timedatectl`: network time must be on and reachable. Events are marked, and repaired when time comes.",
  },
  CLOCK_STEPPED: {
    kind: "unavailable",
    hint: "Somebody set the clock: turn network time on again. Until it confirms, the agent keeps the time it had.",
  },
  SETTINGS_REFUSED: {
    kind: "input",
    hint: "Mend each reason in `state/config` and send the settings anew with a higher version; see docs/remote-config.md.",
  },
  SETTINGS_ROLLED_BACK: {
    kind: "input",
    hint: "The settings before hold again; send others, because these are not tried a second time.",
  },
  SETTINGS_KEPT: {
    kind: "unavailable",
    hint: "Check the disk and rights of local.dataDir; `touchpoint config forget-remote` drops what is kept there.",
  },
  COMMAND_REFUSED: {
    kind: "input",
    hint: "Send commands not retained, with a new id, an `expires` at most 24 hours ahead, and by whom may give them: see docs/commands.md.",
  },
  COMMAND_INVALID: { kind: "input", hint: "See docs/mqtt.md for the fields of each command." },
  COMMAND_KEY: {
    kind: "input",
    hint: "Make a key with `touchpoint mqtt keygen FILE`; a file that is there is never written over.",
  },
  DOCTOR_FAILED: { kind: "unavailable", hint: "Run `touchpoint doctor` on the device, which says more." },
  SURVEY_UNKNOWN: { kind: "input", hint: "Name a touchpoint and a questionnaire of the configuration." },
  SURVEY_REFUSED: {
    kind: "input",
    hint: "Finish or leave the questionnaire that runs, wait a second, or wait until its quotas begin anew tomorrow.",
  },
  ANSWER_INVALID: { kind: "input", hint: "Answer the question that is shown, once, with what it offers." },
  WEBHOOK_FAILED: {
    kind: "unavailable",
    hint: "Check the address and token of the webhook and its server's log; alerts wait and are tried again.",
  },
  PRESENCE_FAILED: {
    kind: "unavailable",
    hint: "Run the program by hand, or check address, token and the server's log; only the newest presence is tried again.",
  },
  TAPS_INVALID: {
    kind: "input",
    hint: "Give a file that `vision audit --save` wrote, or CSV with the columns time,tap,line; docs/footfall.md shows one.",
  },
  TAPS_UNWRITABLE: { kind: "unavailable", hint: "Give --save a file in a folder that exists and may be written to." },
  LINE_UNKNOWN: {
    kind: "input",
    hint: "Give --line with a line of `fleet.touchpoints[].lines`; staff lines count nobody.",
  },
  CAMERA_UNKNOWN: {
    kind: "input",
    hint: "Name a camera under `local.cameras`; `touchpoint camera list` shows those, and what is plugged in.",
  },
  ALERT_UNKNOWN: {
    kind: "input",
    hint: "Name an open alert by its key, or none for the oldest; it may have been seen to already.",
  },
  ROLLUPS: {
    kind: "unavailable",
    hint: "Check the data folder's disk; counts are made again from the journal, which loses nothing meanwhile.",
  },
  PAGE_PORT: { kind: "config", hint: "Give another port with --port; 0 takes a free one." },
  CHILD_MISSING: { kind: "unavailable", hint: "Install the program named; ./scripts/setup does it on Debian." },
} as const satisfies Record<string, FaultEntry>;

export type FaultCode = keyof typeof FAULTS;

/** A coded error: machine code, human sentence, hint of what to do next. */
export class Fault extends Error {
  readonly code: FaultCode;
  /** Extra fields for the log; never a secret, never a picture. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: FaultCode, sentence: string, details: Record<string, unknown> = {}, cause?: unknown) {
    super(sentence, cause === undefined ? undefined : { cause });
    this.name = "Fault";
    this.code = code;
    this.details = details;
  }

  get kind(): FaultKind {
    return FAULTS[this.code].kind;
  }

  get hint(): string {
    return FAULTS[this.code].hint;
  }

  toJSON(): { code: FaultCode; message: string; hint: string } {
    return { code: this.code, message: this.message, hint: this.hint };
  }
}

/** Wraps whatever was thrown as a Fault, keeping a Fault as it is. */
export function asFault(thrown: unknown, code: FaultCode, sentence?: string): Fault {
  if (thrown instanceof Fault) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  return new Fault(code, sentence === undefined ? reason : `${sentence}: ${reason}`, {}, thrown);
}
