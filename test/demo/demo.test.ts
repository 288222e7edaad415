// The whole demo as a person starts it: built program, real models on the drawn scene, real broker, real page.
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { exited } from "../../src/supervise/child.ts";
import { type Browser, chromium, startBrowser } from "./browser.ts";

const MAIN = fileURLToPath(new URL("../../dist/src/demo/main.js", import.meta.url));

let scratch: string;
const running: ChildProcess[] = [];
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), "touchpoint-test-"));
});
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.length = 0;
  rmSync(scratch, { recursive: true, force: true });
});

interface Demo {
  /** Resolves with the match once the output has it. @throws Error when the demo ended before */
  says(pattern: RegExp): Promise<RegExpExecArray>;
  readonly output: () => string;
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  signal(name: NodeJS.Signals): void;
}

function start(...args: string[]): Demo {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, TMPDIR: scratch },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.push(child);
  let output = "";
  const looks = new Set<() => void>();
  const heard = (chunk: Buffer): void => {
    output += String(chunk);
    for (const look of looks) look();
  };
  child.stdout.on("data", heard);
  child.stderr.on("data", heard);
  const ended = exited(child);
  return {
    output: () => output,
    ended,
    signal: (name) => void child.kill(name),
    says: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const match = pattern.exec(output);
          if (match === null) return;
          looks.delete(look);
          resolve(match);
        };
        looks.add(look);
        look();
        void ended.then(() => reject(new Error(`ended without ${pattern}:\n${output}`)));
      }),
  };
}

const address = async (demo: Demo): Promise<string> => (await demo.says(/(http:\/\/127\.0\.0\.1:\d+\/)/))[1] ?? "";

test("runs its time, shows presses and contacts, loses nothing, and leaves nothing behind", async () => {
  const demo = start("--seconds", "30");
  const url = await address(demo);
  const pressed = await fetch(new URL("/press", url), {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: '{"button":"2"}',
  });
  expect(await pressed.json()).toEqual({ thanks: true });
  await demo.says(/press {5}2 \(1 to 4\)/);
  await demo.says(/contact {3}(answered|silent): 1 person/);
  expect(await demo.ended).toEqual({ code: 0, signal: null });
  const [, presses, auto, byHand] = await demo.says(/presses +(\d+): (\d+) by the auto-shopper, (\d+) by hand/);
  expect(Number(presses)).toBe(Number(auto) + Number(byHand));
  expect(byHand).toBe("1");
  const [, published, journaled] = await demo.says(/published +(\d+) events at the broker .* (\d+) in the journal/);
  expect(published).toBe(journaled);
  expect(Number(published)).toBe(demo.output().match(/^\d\d:\d\d:\d\d\.\d{3} +\d+ /gm)?.length);
  expect(readdirSync(scratch)).toEqual([]);
}, 90_000);

test("Ctrl-C ends it in order: what was pressed is at the broker, nothing stays behind", async () => {
  const demo = start("--no-auto");
  const url = await address(demo);
  const send = (button: string) =>
    fetch(new URL("/press", url), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ button }),
    });
  const answers = await Promise.all(["1", "2", "3", "4"].map(send));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  demo.signal("SIGINT");
  expect(await demo.ended).toEqual({ code: 0, signal: null });
  await demo.says(/presses +4: 0 by the auto-shopper, 4 by hand/);
  await demo.says(/good: every journaled event reached the broker/);
  expect(readdirSync(scratch)).toEqual([]);
});

test.each<[string[], number, RegExp]>([
  [["--seconds", "0"], 2, /whole number from 1/],
  [["--seconds", "ten"], 2, /whole number/],
  [["--port", "65536"], 2, /whole number from 0 to 65535/],
  [["--unknown"], 2, /unknown option/],
  [["more"], 2, /too many arguments/],
  [["--help"], 0, /--seconds <n>/],
])("%j is answered with %i", async (args, code, words) => {
  const demo = start(...args);
  expect((await demo.ended).code).toBe(code);
  expect(demo.output()).toMatch(words);
});

test("a taken port is said plainly, and nothing stays behind", async () => {
  const first = start("--no-auto");
  const { port } = new URL(await address(first));
  const second = start("--port", port);
  expect((await second.ended).code).toBe(78);
  expect(second.output()).toMatch(/PAGE_PORT.*EADDRINUSE[\s\S]*--port/);
  first.signal("SIGTERM");
  expect((await first.ended).code).toBe(0);
  expect(readdirSync(scratch)).toEqual([]);
});

const program = chromium();
test.skipIf(program === undefined)(
  "in a real browser a press is felt, thanked, and comes back from the broker",
  async () => {
    const demo = start("--no-auto");
    const url = await address(demo);
    const browser: Browser = startBrowser(program ?? "");
    try {
      const tab = await browser.open(url);
      await tab.until("document.getElementById('line-text').textContent === 'device online'");
      expect(await tab.value("document.querySelector('.notice').textContent")).toMatch(
        /emotion reading is on; drawn figures only/,
      );
      await tab.value(`(window.said = [], new MutationObserver(() => said.push(document.getElementById("thanks").textContent))
      .observe(document.getElementById("thanks"), { childList: true, characterData: true, subtree: true }))`);
      // By keyboard alone: Tab to the first smiley and on to the third, then Enter.
      const key = async (name: string, code: number, text?: string): Promise<void> => {
        const about = { key: name, code: name, windowsVirtualKeyCode: code };
        await tab.send("Input.dispatchKeyEvent", {
          ...about,
          type: "keyDown",
          ...(text === undefined ? {} : { text }),
        });
        await tab.send("Input.dispatchKeyEvent", { ...about, type: "keyUp" });
      };
      for (let i = 0; i < 3; i += 1) await key("Tab", 9);
      expect(await tab.value("document.activeElement.dataset.face")).toBe("3");
      expect(await tab.value("document.activeElement.matches(':focus-visible')")).toBe(true);
      await key("Enter", 13, "\r");
      await tab.until("said.includes('Thank you!')");
      expect(await tab.value("said[0]")).toBe("Felt…");
      await tab.until(
        "[...document.querySelectorAll('#events [data-type=press]')].some((one) => one.textContent.includes('3 (1 to 4)'))",
      );
      // The number keys press, too.
      await key("1", 49, "1");
      await tab.until("document.getElementById('presses').textContent === '2'");
      await tab.until("document.getElementById('lamp').dataset.pattern === 'thanks'");
      await tab.until("document.querySelectorAll('#stages li[data-state=ok]').length >= 4");
      demo.signal("SIGINT");
      await tab.until("document.getElementById('line-text').textContent === 'the demo is over'");
      expect(await tab.value("document.querySelector('[data-face]').disabled")).toBe(true);
    } finally {
      await browser.close();
    }
    expect((await demo.ended).code).toBe(0);
  },
);
