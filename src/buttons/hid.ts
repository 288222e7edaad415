// USB keypads and keyboard-wedge readers: a supervised child takes the device for itself and passes on its raw events.
import type { PadConfig } from "../config/pads.ts";
import { endChild, startChild } from "../supervise/child.ts";
import { Fault } from "../words/errors.ts";
import { stampedMs, watchEdges } from "./edges.ts";
import { decodeEvents, eventBytes, type KeyEvent, type LostEvents } from "./hid-events.ts";
import { keyName } from "./hid-keys.ts";
import { EMPTY_WEDGE, onWedgeKey } from "./hid-wedge.ts";
import type { PadContext, RunPad } from "./pad.ts";

type HidConfig = Extract<PadConfig, { driver: "hid" }>;

/**
 * Node has no ioctl, and a read of a device that may never answer would hold a thread of its pool for ever. Perl is on
 * every Debian (perl-base is essential) and has both: EVIOCSCLOCKID asks for CLOCK_MONOTONIC stamps, EVIOCGRAB takes
 * the device alone, so that what a reader types (badges, cards) never reaches a console or its log. One byte at first
 * says that the device is held. Ends when the device is gone.
 */
const GRABBER = `
  open my $device, "<:raw", $ARGV[0] or die "open: $!\\n";
  my $clock = pack "i", 1;
  ioctl($device, 0x400445a0, $clock) or die "no input device: $!\\n";
  ioctl($device, 0x40044590, 1) or die "held by another program: $!\\n";
  syswrite STDOUT, "+";
  while (1) {
    my $n = sysread $device, my $events, 4096;
    die "lost: $!\\n" unless defined $n;
    exit 0 if $n == 0;
    syswrite STDOUT, $events or exit 0;
  }
`;

/** The program that opens the device, says one byte, and then passes on its events. */
export type Grabber = (device: string) => { readonly program: string; readonly args: readonly string[] };

const perlGrabber: Grabber = (device) => ({ program: "perl", args: ["-e", GRABBER, device] });

/**
 * A keypad whose keys are buttons, or a reader whose keys up to Enter are one code.
 * Rejects with HID_OPEN (absent, no rights, held by another program), HID_LOST (unplugged) or CHILD_MISSING.
 */
export function hidPad(config: HidConfig, grabber: Grabber = perlGrabber): RunPad {
  return async (context) => {
    const { program, args } = grabber(config.device);
    const child = startChild(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    const { stdout, stderr } = child;
    const keys = config.mode === "keypad" ? keypad(config, context) : wedge(config, context);
    const over = new AbortController();
    try {
      await new Promise<void>((resolve, reject) => {
        if (stdout === null || stderr === null) throw new Fault("HID_OPEN", `${program} has no output`);
        let open = false;
        let complaint = "";
        let rest: Buffer = Buffer.alloc(0);
        const size = eventBytes(process.arch);
        context.signal.addEventListener("abort", () => resolve(), { once: true, signal: over.signal });
        if (context.signal.aborted) resolve();
        stderr.setEncoding("utf8").on("data", (said: string) => {
          complaint = (complaint + said).slice(-300);
        });
        child.once("error", (thrown) => reject(new Fault("HID_OPEN", `${program} cannot be started`, {}, thrown)));
        child.once("close", (code, by) => {
          const reason = complaint.trim() || `reader ended (${by ?? code})`;
          reject(new Fault(open ? "HID_LOST" : "HID_OPEN", `${config.device}: ${reason}`));
        });
        stdout.on("data", (chunk: Buffer) => {
          if (over.signal.aborted) return;
          let bytes = chunk;
          if (!open) {
            open = true;
            bytes = chunk.subarray(1);
            context.opened({ indicate: () => undefined, acknowledge: () => undefined });
          }
          const decoded = decodeEvents(rest, bytes, size);
          rest = decoded.rest;
          for (const event of decoded.events) keys.take(event, eventMs(event, context));
        });
      });
    } finally {
      over.abort();
      keys.close();
      await endChild(child);
    }
  };
}

interface Keys {
  take(event: KeyEvent | LostEvents, atMs: number): void;
  close(): void;
}

function eventMs(event: KeyEvent | LostEvents, context: PadContext): number {
  const nowMs = context.nowMs();
  return event.kind === "key" ? stampedMs(nowMs, process.hrtime.bigint(), event.atNs) : nowMs;
}

/**
 * Keys as buttons. A keypad debounces itself, and many send down and up within a few milliseconds, which a stable
 * level of `debounceMs` would swallow: here a press counts at once, and one that follows the last of the same button
 * within `debounceMs` is its bounce.
 */
function keypad(config: HidConfig, context: PadContext): Keys {
  const any = Object.keys(config.buttons).length === 0;
  const pressedMs = new Map<string, number>();
  const edges = watchEdges({
    held: {},
    pad: config.id,
    settings: { debounceMs: 0, stuckMs: config.stuckMs },
    nowMs: context.nowMs,
    input: (input) => {
      if (input.kind === "press") {
        const lastMs = pressedMs.get(input.button);
        pressedMs.set(input.button, input.atMs);
        if (lastMs !== undefined && input.atMs - lastMs < config.debounceMs) return;
      }
      context.input(input);
    },
  });
  return {
    take(event, atMs) {
      if (event.kind === "lost") {
        edges.release(atMs);
        context.dropped(new Fault("HID_LOST", `keys of pad ${config.id} were lost: too many at once`));
        return;
      }
      if (event.action === "repeat") return;
      const name = keyName(event.code);
      const button = config.buttons[name] ?? (any ? name : undefined);
      if (button !== undefined) edges.edge(button, event.action === "down", atMs);
      else if (event.action === "down")
        context.dropped(new Fault("BUTTON_UNKNOWN", `pad ${config.id} has no button for ${name}`, { key: name }));
    },
    close: () => edges.close(!context.signal.aborted),
  };
}

/** Keys up to Enter as one code. */
function wedge(config: HidConfig, context: PadContext): Keys {
  let state = EMPTY_WEDGE;
  return {
    take(event, atMs) {
      const step = onWedgeKey(state, event, atMs);
      state = step.wedge;
      if (step.dropped !== undefined)
        context.dropped(new Fault("SCAN_INVALID", `pad ${config.id} dropped a code: ${step.dropped}`));
      if (step.code !== undefined) context.input({ kind: "scan", pad: config.id, code: step.code, atMs });
    },
    close: () => undefined,
  };
}
