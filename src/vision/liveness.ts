// What each camera's stage says, and whether anybody may rest on what it sees.
import { conditionFault } from "./camera/condition-fault.ts";
import { BLIND, type Condition } from "./camera/sight.ts";
import { type EyeMessage, fromMessage, type MindMessage, monotonicMs, type PauseMessage } from "./messages.ts";
import type { Pauses, VisionContext, VisionSettings } from "./vision.ts";

/**
 * A camera is live while its frames come, show something *and* are looked at: only then may anybody say that a zone is
 * empty.
 */
export interface Liveness {
  isPaused(camera: number): boolean;
  /** An eye runs from now on; `tell` says to it what is to be closed and opened. */
  begin(tell: (message: PauseMessage) => void): void;
  heard(message: Exclude<EyeMessage, { kind: "frame" }>): void;
  /** @returns for how long frames have come without being looked at, milliseconds */
  frame(message: Extract<EyeMessage, { kind: "frame" }>): number;
  looked(message: Extract<MindMessage, { kind: "looked" }>): void;
  /** The threads are gone, whatever they said last. */
  end(): void;
  /** For good: the agent ends. */
  stop(): void;
}

interface Camera {
  readonly id: string;
  readonly report: ReturnType<VisionContext["report"]>;
  open: boolean;
  conditions: readonly Condition[];
  /** What was said of it last. */
  told: "live" | "away" | "paused";
  waitingSinceMs: number;
}

const NO_PAUSES: Pauses = { of: () => undefined, watch: () => () => undefined };

/** Reports paused cameras at once: they are closed before there is any eye. */
export function createLiveness(settings: VisionSettings, context: VisionContext): Liveness {
  const cameras = settings.cameras.map(
    ({ id }): Camera => ({
      id,
      report: context.report(`camera:${id}`),
      open: false,
      conditions: [],
      told: "away",
      waitingSinceMs: Infinity,
    }),
  );
  const { pauses = NO_PAUSES } = context;
  let tellEye: ((message: PauseMessage) => void) | undefined;

  const tell = (camera: Camera, now: Camera["told"], atMs: number): void => {
    if (camera.told === now) return;
    camera.told = now;
    const cause = now === "paused" ? ({ cause: "paused" } as const) : {};
    context.seen({ kind: "camera", camera: camera.id, live: now === "live", ...cause, atMs });
  };
  const show = ({ report, conditions }: Camera): void => {
    const fault = conditionFault(conditions);
    report(fault === undefined ? "ok" : "degraded", fault);
  };
  const isBlind = ({ conditions }: Camera): boolean => conditions.some((condition) => BLIND.has(condition));
  const closed = (camera: Camera): void => {
    camera.waitingSinceMs = Infinity;
    camera.report("paused", pauses.of(camera.id));
    tell(camera, "paused", context.nowMs());
  };
  const lost = (camera: Camera): void => {
    camera.open = false;
    camera.waitingSinceMs = Infinity;
    tell(camera, "away", context.nowMs());
  };
  const unwatch = pauses.watch((id) => {
    const index = cameras.findIndex((camera) => camera.id === id);
    const camera = cameras[index];
    if (camera === undefined) return;
    const paused = pauses.of(id) !== undefined;
    // What was on its way when it was paused is not looked at any more.
    camera.open = false;
    camera.conditions = [];
    tellEye?.({ camera: index, paused });
    if (paused && (tellEye === undefined || camera.told === "paused")) closed(camera);
    if (!paused) {
      camera.report("starting");
      lost(camera);
    }
  });
  for (const camera of cameras) if (pauses.of(camera.id) !== undefined) closed(camera);

  return {
    isPaused: (index) => pauses.of(cameras[index]?.id ?? "") !== undefined,
    begin(toEye) {
      tellEye = toEye;
    },
    heard(message) {
      const camera = cameras[message.camera];
      if (camera === undefined) return;
      if (pauses.of(camera.id) !== undefined) {
        if (message.kind === "state" && message.state === "paused") closed(camera);
        return;
      }
      if (message.kind === "sight") {
        if (message.conditions.join() === camera.conditions.join()) return;
        camera.conditions = message.conditions;
        if (camera.open) show(camera);
        if (isBlind(camera)) tell(camera, "away", context.nowMs());
        return;
      }
      // Resumed before it was closed.
      if (message.state === "paused") return;
      if (message.state === "ok") {
        camera.open = true;
        show(camera);
        return;
      }
      camera.report(message.state, message.fault === undefined ? undefined : fromMessage(message.fault));
      lost(camera);
    },
    frame({ camera: index, dropped }) {
      const camera = cameras[index];
      if (camera === undefined) return 0;
      const stage = `camera:${camera.id}`;
      context.count(stage, "frames", 1);
      if (dropped) context.count(stage, "dropped", 1);
      const nowMs = monotonicMs();
      camera.waitingSinceMs = Math.min(camera.waitingSinceMs, nowMs);
      return nowMs - camera.waitingSinceMs;
    },
    looked({ camera: index, atMs: arrivedMs, faces, persons }) {
      const camera = cameras[index];
      if (camera === undefined) return;
      camera.waitingSinceMs = Infinity;
      // What was still being looked at when the camera was lost is not news any more.
      if (!camera.open) return;
      context.count(`camera:${camera.id}`, "inferred", 1);
      // A blind camera sees nobody, which says nothing of the zone.
      if (isBlind(camera)) return;
      const atMs = context.nowMs() - (monotonicMs() - arrivedMs);
      tell(camera, "live", atMs);
      context.seen({ kind: "seen", camera: camera.id, atMs, faces, persons });
    },
    end() {
      tellEye = undefined;
      for (const camera of cameras) {
        camera.conditions = [];
        // The thread that would have said so is gone, and with it every process that had a camera.
        if (pauses.of(camera.id) !== undefined) {
          closed(camera);
          continue;
        }
        if (camera.open) camera.report("starting");
        lost(camera);
      }
    },
    stop() {
      unwatch();
      for (const camera of cameras) camera.report("stopped");
    },
  };
}
