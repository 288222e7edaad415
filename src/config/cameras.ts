// Settings of cameras: where the pictures come from, how large and how often, and what is looked for in them.
import { z } from "zod";
import { filePath, hasNoLogin, id, milliseconds, NO_LOGIN } from "./fields.ts";

const cameraSource = z
  .discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("v4l2"), device: filePath.describe("best below /dev/v4l/by-id") }),
    z.strictObject({
      kind: z.literal("rtsp"),
      url: z
        .url({ protocol: /^rtsps?$/ })
        .refine(hasNoLogin, NO_LOGIN)
        .describe("without user and password"),
      transport: z.enum(["tcp", "udp"]).default("tcp").describe("tcp loses no packets on a busy network"),
      username: z.string().optional().describe("the camera's user"),
      passwordFile: filePath.optional().describe("file that holds the camera's password and nothing else"),
    }),
    z.strictObject({
      kind: z.literal("file"),
      path: filePath.describe("a video file"),
      loop: z.boolean().default(false).describe("start again at its end"),
    }),
    z.strictObject({
      kind: z.literal("scene"),
      seed: z.int().min(0).default(1).describe("the same seed draws the same day"),
      canary: z
        .boolean()
        .default(false)
        .describe("draws a noise tile that `privacy` tests look for in everything written or sent"),
    }),
  ])
  .describe("where the pictures come from");

const afterS = z.int().min(0).max(86_400);
export const CameraHealth = z
  .strictObject({
    darkS: afterS.default(60).describe("dark for so long is told, seconds; 0: never"),
    coveredS: afterS
      .default(20)
      .describe(
        "nothing but one surface for so long is told, seconds; who leans over the lens is gone sooner; 0: never",
      ),
    frozenS: afterS
      .default(120)
      .describe(
        "the very same picture for so long is told, seconds; a network camera repeats itself for some; 0: never",
      ),
    movedS: afterS.default(60).describe("most fixed things out of their place for so long is told, seconds; 0: never"),
    blurredS: afterS.default(60).describe("out of focus for so long is told, seconds; 0: never"),
    slowS: afterS
      .default(30)
      .describe("fewer than half of the frames asked for, for so long, is told, seconds; 0: never"),
    recoverS: z.int().min(1).max(3_600).default(5).describe("well again for so long ends it, seconds"),
  })
  .describe("what is told of a camera that sees badly");
export type CameraHealth = z.infer<typeof CameraHealth>;

export const VisionEconomy = z
  .strictObject({
    rest: z
      .boolean()
      .default(true)
      .describe("while nothing moves and nobody is seen, look twice a second only; what moves wakes it at once"),
    slowDown: z.boolean().default(true).describe("look less often while the machine is overloaded or too hot"),
    hotC: z
      .number()
      .min(40)
      .max(105)
      .default(80)
      .describe(
        "too hot from here on, degrees Celsius; fast again 8 degrees below. A Raspberry Pi throttles at 80 to 85",
      ),
  })
  .describe("how work and heat are saved");

export const CameraConfig = z
  .strictObject({
    id,
    source: cameraSource,
    width: z.int().min(160).max(1920).default(640).describe("frames are scaled to this width, pixels"),
    height: z.int().min(96).max(1080).default(384).describe("frames are scaled to this height, pixels"),
    fps: z.number().min(0.5).max(30).default(8).describe("frames per second taken from the source"),
    staleMs: milliseconds
      .default(5_000)
      .describe("older than this the newest frame is stale and the source starts again"),
    detect: z
      .array(z.enum(["face", "person"]))
      .min(1)
      .default(["face", "person"])
      .describe("what is looked for; expressions are read from faces only"),
    health: CameraHealth.prefault({}),
    pause: z
      .strictObject({
        pad: id.describe("id of a pad under `local.pads`; its lamp shows the pause"),
        button: z.string().min(1).describe("name of the button; its presses are no ratings"),
      })
      .optional()
      .describe("a button that closes the camera and, pressed again, opens it; nobody else can open it then"),
  })
  .describe("a camera; its frames stay in memory and leave the vision room as numbers");
export type CameraConfig = z.infer<typeof CameraConfig>;

interface Uses {
  readonly local: { readonly cameras: readonly CameraConfig[] };
  readonly fleet: {
    readonly touchpoints: readonly {
      readonly pads: readonly string[];
      readonly question?: { readonly buttons: Readonly<Record<string, unknown>> } | undefined;
      readonly activity?: { readonly buttons: Readonly<Record<string, unknown>> } | undefined;
    }[];
    readonly alerts: { readonly staffButtons: readonly { readonly pad: string; readonly button: string }[] };
  };
}

/** Pause buttons that no pad has, or that mean something else too. Path below `local.cameras` → sentence. */
export function pauseMistakes(
  { local, fleet }: Uses,
  pads: ReadonlySet<string>,
): { path: (string | number)[]; message: string }[] {
  return local.cameras.flatMap(({ pause }, i) => {
    if (pause === undefined) return [];
    const { pad, button } = pause;
    if (!pads.has(pad)) return [{ path: [i, "pause", "pad"], message: `no pad "${pad}" under local.pads` }];
    const asks = fleet.touchpoints.some(
      ({ pads: served, question, activity }) =>
        served.includes(pad) &&
        (Object.hasOwn(question?.buttons ?? {}, button) || Object.hasOwn(activity?.buttons ?? {}, button)),
    );
    const staff = fleet.alerts.staffButtons.some((other) => other.pad === pad && other.button === button);
    if (!asks && !staff) return [];
    const message = `"${button}" of pad "${pad}" means something else too: a button does one thing`;
    return [{ path: [i, "pause", "button"], message }];
  });
}
