// Key codes of Linux input devices: their names, and the characters they stand for on a US keyboard.

// Rows of linux/input-event-codes.h in order of code, from code 1; a dash stands for a code no keypad sends.
const NAMES = (
  "ESC 1 2 3 4 5 6 7 8 9 0 MINUS EQUAL BACKSPACE TAB Q W E R T Y U I O P LEFTBRACE RIGHTBRACE ENTER LEFTCTRL " +
  "A S D F G H J K L SEMICOLON APOSTROPHE GRAVE LEFTSHIFT BACKSLASH Z X C V B N M COMMA DOT SLASH RIGHTSHIFT " +
  "KPASTERISK LEFTALT SPACE CAPSLOCK F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 NUMLOCK SCROLLLOCK KP7 KP8 KP9 KPMINUS KP4 " +
  "KP5 KP6 KPPLUS KP1 KP2 KP3 KP0 KPDOT - ZENKAKUHANKAKU 102ND F11 F12 RO KATAKANA HIRAGANA HENKAN " +
  "KATAKANAHIRAGANA MUHENKAN KPJPCOMMA KPENTER RIGHTCTRL KPSLASH SYSRQ RIGHTALT LINEFEED HOME UP PAGEUP LEFT " +
  "RIGHT END DOWN PAGEDOWN INSERT DELETE MACRO MUTE VOLUMEDOWN VOLUMEUP POWER KPEQUAL KPPLUSMINUS PAUSE SCALE KPCOMMA"
).split(" ");

const KEYS = new Map(NAMES.map((name, index) => [index + 1, `KEY_${name}`]));
/** F13 to F24, favourites of programmable keypads. */
for (let n = 13; n <= 24; n += 1) KEYS.set(170 + n, `KEY_F${n}`);
/** Button boxes that call themselves joysticks or gamepads: BTN_0 to BTN_9, BTN_TRIGGER and on. */
for (let n = 0; n <= 9; n += 1) KEYS.set(0x100 + n, `BTN_${n}`);

/** Name as in the configuration (`KEY_1`, `KEY_KP5`, `BTN_0`), or `CODE_n` for a code without one here. */
export function keyName(code: number): string {
  const name = KEYS.get(code);
  return name === undefined || name === "KEY_-" ? `CODE_${code}` : name;
}

export const KEY_ENTER = 28;
export const KEY_KPENTER = 96;
export const KEY_LEFTSHIFT = 42;
export const KEY_RIGHTSHIFT = 54;

const CHARACTERS: ReadonlyMap<number, readonly [string, string]> = new Map([
  ...row(2, "1234567890-=", "!@#$%^&*()_+"),
  ...row(16, "qwertyuiop[]", "QWERTYUIOP{}"),
  ...row(30, "asdfghjkl;'`", 'ASDFGHJKL:"~'),
  ...row(43, "\\zxcvbnm,./", "|ZXCVBNM<>?"),
  ...row(57, " ", " "),
  ...row(55, "*", "*"),
  ...row(71, "789-456+1230.", "789-456+1230."),
  ...row(98, "/", "/"),
]);

function row(first: number, plain: string, shifted: string): [number, [string, string]][] {
  return [...plain].map((character, i) => [first + i, [character, shifted[i] ?? character]]);
}

/** The character a key types on a US keyboard, or undefined for keys that type none. */
export function keyCharacter(code: number, shift: boolean): string | undefined {
  return CHARACTERS.get(code)?.[shift ? 1 : 0];
}
