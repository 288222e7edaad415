// Entry of the program that runs inside the guest: `guest.js gpio|onoff VERSION`, `keypad|wedge PIDFILE`, or `press`.
import { pressAtAgent } from "./guest-agent.ts";
import { listenHid } from "./guest-hid.ts";
import { tryPins } from "./guest-pins.ts";
import { print } from "./guest-rig.ts";

const [what, argument = ""] = process.argv.slice(2);
if (what === "gpio" || what === "onoff") await tryPins(what, Number(argument));
else if (what === "keypad" || what === "wedge") await listenHid(what, argument);
else if (what === "press") await pressAtAgent();
else throw new Error("say gpio, onoff, keypad, wedge or press");
print({ kind: "done" });
