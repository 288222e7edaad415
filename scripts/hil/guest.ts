// Entry of the program that runs inside the guest: `guest.js gpio|onoff VERSION`, `keypad|wedge PIDFILE`, `camera DEVICE PIDFILE`,
// or `press`.
import { pressAtAgent } from "./guest-agent.ts";
import { watchCamera } from "./guest-camera.ts";
import { listenHid } from "./guest-hid.ts";
import { tryPins } from "./guest-pins.ts";
import { print } from "./guest-rig.ts";

const [what, argument = "", second = ""] = process.argv.slice(2);
if (what === "gpio" || what === "onoff") await tryPins(what, Number(argument));
else if (what === "keypad" || what === "wedge") await listenHid(what, argument);
else if (what === "camera") await watchCamera(argument, second);
else if (what === "press") await pressAtAgent();
else throw new Error("say gpio, onoff, keypad, wedge, camera or press");
print({ kind: "done" });
