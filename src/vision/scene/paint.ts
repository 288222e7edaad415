// Paints the drawn scene: figures are drawn once as sprites and laid over the shop, frame by frame.
import sharp from "sharp";
import type { Frame, Size } from "../frame.ts";
import { canaryPlace, canaryTile } from "./canary.ts";
import { FIGURE, figureSvg, LOOKS } from "./figure.ts";
import { type Pose, poseAt, type Visit, visits } from "./script.ts";

export interface SceneSettings extends Size {
  readonly seed: number;
  readonly canary: boolean;
}

export interface Scene {
  /** The picture at `atMs` from the start. Moments must not go backwards by more than a visit. */
  frameAt(atMs: number): Promise<Frame>;
}

interface Sprite extends Size {
  /** Four bytes a pixel: red, green, blue, opacity. */
  readonly rgba: Uint8Array;
}

/** Top of the hair, as a share of the picture's height. */
const HEADROOM = 0.15;

export async function createScene(settings: SceneSettings): Promise<Scene> {
  const shop = await paintShop(settings);
  const play = visits(settings.seed);
  const coming: Visit[] = [];
  const sprites = new Map<string, Sprite>();
  const spriteFor = async (visit: Visit, smile: number): Promise<Sprite> => {
    const key = `${visit.comesMs} ${smile}`;
    const known = sprites.get(key);
    if (known !== undefined) return known;
    const made = await paintFigure(settings, visit, smile);
    // The current figure, calm and laughing, and the one before it.
    if (sprites.size >= 4) sprites.delete(sprites.keys().next().value ?? "");
    sprites.set(key, made);
    return made;
  };
  return {
    async frameAt(atMs) {
      while ((coming.at(-1)?.comesMs ?? -1) <= atMs) coming.push(play.next().value);
      while (coming.length > 1 && (coming[0]?.goneMs ?? 0) < atMs) coming.shift();
      const frame = { width: settings.width, height: settings.height, rgb: Uint8Array.from(shop) };
      for (const visit of coming) {
        const pose = poseAt(visit, atMs);
        if (pose !== undefined) lay(await spriteFor(visit, pose.smile), pose, frame);
      }
      return frame;
    },
  };
}

/** A wall, a floor, a few shelves and a poster; with the canary where it is asked for. */
async function paintShop({ width, height, seed, canary }: SceneSettings): Promise<Uint8Array> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 640 384" preserveAspectRatio="none">
    <defs><linearGradient id="wall" x2="0" y2="1"><stop offset="0" stop-color="#b9b6ad"/><stop offset="1" stop-color="#d7d2c6"/></linearGradient></defs>
    <rect width="640" height="280" fill="url(#wall)"/><rect y="280" width="640" height="104" fill="#8f8578"/>
    <rect x="24" y="60" width="110" height="6" fill="#8b7a63"/><rect x="24" y="120" width="110" height="6" fill="#8b7a63"/>
    <rect x="500" y="90" width="110" height="6" fill="#8b7a63"/><rect x="500" y="150" width="110" height="6" fill="#8b7a63"/>
  </svg>`;
  const { data } = await sharp(Buffer.from(svg)).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  if (canary) {
    const tile = canaryTile(seed);
    const { left, top } = canaryPlace({ width, height });
    for (let y = 0; y < tile.height; y += 1)
      data.set(tile.rgb.subarray(y * tile.width * 3, (y + 1) * tile.width * 3), ((top + y) * width + left) * 3);
  }
  return data;
}

/** Draws the part of a figure that is above the picture's lower edge. */
async function paintFigure(size: Size, visit: Visit, smile: number): Promise<Sprite> {
  const fullHeight = Math.round(visit.height * size.height);
  const width = Math.round((fullHeight * FIGURE.width) / FIGURE.height);
  const height = Math.min(fullHeight, size.height);
  const look = LOOKS[visit.look % LOOKS.length] ?? LOOKS[0];
  if (look === undefined) throw new Error("no looks to choose from");
  const svg = figureSvg(look, smile, width, fullHeight);
  const rgba = await sharp(Buffer.from(svg)).ensureAlpha().extract({ left: 0, top: 0, width, height }).raw().toBuffer();
  return { width, height, rgba };
}

function lay(sprite: Sprite, pose: Pose, frame: Frame): void {
  const left = Math.round(pose.x * frame.width - sprite.width / 2);
  const top = Math.round((HEADROOM - pose.bob) * frame.height);
  const first = Math.max(0, -left);
  const last = Math.min(sprite.width, frame.width - left);
  const { rgb } = frame;
  for (let y = 0; y < sprite.height && top + y < frame.height; y += 1) {
    let s = (y * sprite.width + first) * 4;
    let f = ((top + y) * frame.width + left + first) * 3;
    for (let x = first; x < last; x += 1, s += 4, f += 3) {
      const opacity = (sprite.rgba[s + 3] ?? 0) / 255;
      if (opacity === 0) continue;
      for (let c = 0; c < 3; c += 1)
        rgb[f + c] = Math.round((rgb[f + c] ?? 0) * (1 - opacity) + (sprite.rgba[s + c] ?? 0) * opacity);
    }
  }
}
