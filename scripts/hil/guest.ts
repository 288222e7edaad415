// Entry of the program that runs inside the guest: `guest.js gpio|onoff VERSION` or `guest.js keypad|wedge PIDFILE`.
import { listenHid } from "./guest-hid.ts";
import { tryPins } from "./guest-pins.ts";
import { print } from "./guest-rig.ts";

const [what, argument = ""] = process.argv.slice(2);
if (what === "gpio" || what === "onoff") await tryPins(what, Number(argument));
else if (what === "keypad" || what === "wedge") await listenHid(what, argument);
else throw new Error("say gpio, onoff, keypad or wedge");
print({ kind: "done" });
