// Videos for the trials of cameras, made by ffmpeg: rates, sizes and pixel formats that cameras of the world have.
import { execFileSync } from "node:child_process";
import { copyFileSync } from "node:fs";
import { join } from "node:path";

const QUIET = ["-hide_banner", "-loglevel", "error", "-nostdin", "-y"];

/** Moving bars of a clock, `seconds` long. */
export function makeVideo(
  file: string,
  more: { size?: string; rate?: number; seconds?: number; args?: readonly string[] } = {},
): string {
  const {
    size = "640x384",
    rate = 10,
    seconds = 4,
    args = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"],
  } = more;
  const picture = ["-f", "lavfi", "-i", `testsrc=size=${size}:rate=${rate}:duration=${seconds}`];
  execFileSync("ffmpeg", [...QUIET, ...picture, ...args, file]);
  return file;
}

/** Name of each odd kind of video → its file. */
export function oddVideos(folder: string): Record<string, string> {
  const x264 = (format: string): string[] => ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", format];
  const kinds: Record<string, { file: string; size?: string; args: readonly string[] }> = {
    "10 bits, 4:4:4": { file: "deep.mkv", args: x264("yuv444p10le") },
    "grey only": { file: "grey.mkv", args: x264("gray") },
    "planes of red, green, blue": {
      file: "gbr.mkv",
      args: ["-c:v", "libx264rgb", "-preset", "ultrafast", "-pix_fmt", "rgb24"],
    },
    "MJPEG 4:2:2, full range": { file: "mjpeg.avi", args: ["-c:v", "mjpeg", "-pix_fmt", "yuvj422p"] },
    "a palette (GIF)": { file: "palette.gif", args: [] },
    "16 bits a colour, lossless": { file: "lossless.mkv", args: ["-c:v", "ffv1", "-pix_fmt", "gbrp16le"] },
    "odd size 641×383": { file: "odd.mkv", size: "641x383", args: x264("yuv444p") },
    "tall and narrow": { file: "tall.mkv", size: "120x900", args: x264("yuv420p") },
    "interlaced MPEG-2": {
      file: "interlaced.ts",
      args: ["-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-pix_fmt", "yuv420p"],
    },
  };
  const made = Object.entries(kinds).map(
    ([name, { file, ...more }]) => [name, makeVideo(join(folder, file), more)] as const,
  );
  return {
    ...Object.fromEntries(made),
    "turned by its metadata": turned(folder),
    "size changes in the middle": changing(folder),
  };
}

function turned(folder: string): string {
  const file = join(folder, "turned.mp4");
  const upright = makeVideo(join(folder, "upright.mp4"));
  const copy = (before: readonly string[], after: readonly string[]): void =>
    void execFileSync("ffmpeg", [...QUIET, ...before, "-i", upright, "-c", "copy", ...after, file], {
      stdio: "ignore",
    });
  try {
    copy(["-display_rotation", "90"], []);
  } catch {
    // ffmpeg before 6 has another word for it.
    copy([], ["-metadata:s:v", "rotate=90"]);
  }
  return file;
}

/** Two programs of a transport stream, one behind the other, as some encoders send after a change of settings. */
function changing(folder: string): string {
  const file = join(folder, "changing.ts");
  const args = ["-c:v", "mpeg2video", "-q:v", "4"];
  const small = makeVideo(join(folder, "small.ts"), { size: "320x240", seconds: 2, args });
  const large = makeVideo(join(folder, "large.ts"), { size: "800x600", seconds: 2, args });
  copyFileSync(small, file);
  execFileSync("sh", ["-c", 'cat "$1" >> "$2"', "sh", large, file]);
  return file;
}
