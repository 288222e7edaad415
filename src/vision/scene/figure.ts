// Draws one person, procedurally, as SVG: no photograph is involved, and yet the real models see a face and a person.

/** How a figure looks. Colours are CSS hex. */
export interface Look {
  readonly skin: string;
  readonly hair: string;
  readonly shirt: string;
  readonly trousers: string;
}

export const LOOKS: readonly Look[] = [
  { skin: "#d9a57f", hair: "#3a2a1e", shirt: "#35527a", trousers: "#2c2f36" },
  { skin: "#a06a48", hair: "#221a16", shirt: "#7a2f35", trousers: "#40382f" },
  { skin: "#e3b793", hair: "#7a5a36", shirt: "#3f6b4a", trousers: "#262a33" },
  { skin: "#c68f66", hair: "#221a15", shirt: "#5b4a72", trousers: "#39404a" },
  { skin: "#a97550", hair: "#2b211b", shirt: "#8a6a2c", trousers: "#2a2622" },
  { skin: "#e0b08c", hair: "#5c5a58", shirt: "#4c5a63", trousers: "#1f2430" },
];

/** Size of a figure's picture, in head heights of 100 units: arms' width and body height. */
export const FIGURE = { width: 240, height: 760 } as const;

/** The centre of the body's width and the top of the hair lie here, in the same units. */
const CENTRE = FIGURE.width / 2;

/**
 * One standing person seen from the front, `FIGURE.width × FIGURE.height` units, transparent around.
 * @param smile 0 calm … 1 laughing
 */
export function figureSvg(look: Look, smile: number, widthPx: number, heightPx: number): string {
  const box = `width="${widthPx}" height="${heightPx}" viewBox="0 0 ${FIGURE.width} ${FIGURE.height}"`;
  return `<svg xmlns="http://www.w3.org/2000/svg" ${box} preserveAspectRatio="none"><defs>${shading(look)}</defs>${body(look)}${head(look, smile)}</svg>`;
}

function shading({ skin }: Look): string {
  return `<radialGradient id="skin" cx=".42" cy=".35" r=".75"><stop offset="0" stop-color="${skin}"/>
    <stop offset=".6" stop-color="${skin}"/><stop offset="1" stop-color="#6b432c"/></radialGradient>`;
}

/** Shoulders at 130, hips at 390, feet at 750. */
function body({ skin, shirt, trousers }: Look): string {
  const mirrored = (draw: (side: 1 | -1) => string): string => draw(-1) + draw(1);
  const x = (offset: number): number => CENTRE + offset;
  return `
  <path d="M ${x(-50)} 370 L ${x(-50)} 740 L ${x(-8)} 740 L ${x(0)} 440 L ${x(8)} 740 L ${x(50)} 740 L ${x(50)} 370 Z" fill="${trousers}"/>
  ${mirrored((s) => `<ellipse cx="${x(34 * s)}" cy="742" rx="28" ry="13" fill="#191614"/>`)}
  ${mirrored(
    (
      s,
    ) => `<path d="M ${x(80 * s)} 155 L ${x(100 * s)} 380 L ${x(75 * s)} 390 L ${x(50 * s)} 210 Z" fill="${shirt}" stroke="#0003" stroke-width="4"/>
    <circle cx="${x(86 * s)}" cy="400" r="16" fill="${skin}"/>`,
  )}
  <path d="M ${x(-25)} 130 Q ${x(-85)} 135 ${x(-85)} 180 L ${x(-58)} 250 L ${x(-55)} 390 L ${x(55)} 390 L ${x(58)} 250
    L ${x(85)} 180 Q ${x(85)} 135 ${x(25)} 130 Z" fill="${shirt}"/>
  <path d="M ${x(-55)} 390 L ${x(55)} 390 L ${x(57)} 280 L ${x(10)} 150 L ${x(20)} 390 Z" fill="#0002"/>
  <path d="M ${x(-20)} 77 L ${x(-24)} 138 Q ${CENTRE} 160 ${x(24)} 138 L ${x(20)} 77 Z" fill="${skin}"/>
  <path d="M ${x(-20)} 82 Q ${CENTRE} 117 ${x(20)} 82 L ${x(20)} 107 L ${x(-20)} 107 Z" fill="#0003"/>`;
}

/** Head 72 wide and 100 high, centred at height 52. */
function head({ skin, hair }: Look, smile: number): string {
  const x = (offset: number): number => CENTRE + offset;
  const y = (offset: number): number => 52 + offset;
  const eye = (s: 1 | -1): string => `
    <ellipse cx="${x(15.5 * s)}" cy="${y(1)}" rx="10.8" ry="8" fill="#00000038"/>
    <path d="M ${x(7 * s)} ${y(-5.5)} Q ${x(16 * s)} ${y(-8.5)} ${x(26 * s)} ${y(-4.5)}" stroke="${hair}" stroke-width="3.8" fill="none"/>
    <ellipse cx="${x(15.5 * s)}" cy="${y(1.5)}" rx="6.6" ry="${2.4 - 0.6 * smile}" fill="#d8cdc0"/>
    <circle cx="${x(15.5 * s)}" cy="${y(1.5)}" r="${2.6 - 0.5 * smile}" fill="#2a1c12"/>
    <path d="M ${x(8.5 * s)} ${y(0.5)} Q ${x(15.5 * s)} ${y(-3.2 + smile)} ${x(23 * s)} ${y(0.5)}" stroke="#2a1c12aa" stroke-width="1.6" fill="none"/>`;
  return `
  <ellipse cx="${CENTRE}" cy="${y(-4)}" rx="40" ry="52" fill="${hair}"/>
  <ellipse cx="${CENTRE}" cy="${y(4)}" rx="36" ry="47.5" fill="url(#skin)"/>
  <path d="M ${x(-38)} ${y(-10)} Q ${x(-32)} ${y(-37)} ${CENTRE} ${y(-31)} Q ${x(32)} ${y(-37)} ${x(38)} ${y(-10)}
    Q ${x(40)} ${y(-57)} ${CENTRE} ${y(-57)} Q ${x(-40)} ${y(-57)} ${x(-38)} ${y(-10)} Z" fill="${hair}"/>
  ${eye(-1)}${eye(1)}
  <path d="M ${x(-3)} ${y(0)} L ${x(-6)} ${y(16.5)} Q ${CENTRE} ${y(21)} ${x(6)} ${y(16.5)}" stroke="#0004" stroke-width="2.2" fill="#00000012"/>
  ${smile > 0.3 ? laughingMouth(x, y, smile) : calmMouth(x, y, skin)}`;
}

type Place = (offset: number) => number;

function calmMouth(x: Place, y: Place, skin: string): string {
  return `<path d="M ${x(-13)} ${y(29)} Q ${CENTRE} ${y(30)} ${x(13)} ${y(29)}" stroke="#7a3d36" stroke-width="3.4" fill="none"/>
  <path d="M ${x(-9)} ${y(33.5)} Q ${CENTRE} ${y(36)} ${x(9)} ${y(33.5)}" stroke="${skin}" stroke-width="2" fill="none"/>`;
}

function laughingMouth(x: Place, y: Place, smile: number): string {
  const wide = 14 + 6 * smile;
  const cheek = (s: 1 | -1): string => `
    <ellipse cx="${x(20 * s)}" cy="${y(18)}" rx="9" ry="6.5" fill="#ffffff22"/>
    <path d="M ${x(10 * s)} ${y(15)} Q ${x(22 * s)} ${y(20)} ${x(23 * s)} ${y(32)}" stroke="#0005" stroke-width="2" fill="none"/>`;
  return `${cheek(-1)}${cheek(1)}
  <path d="M ${x(-wide)} ${y(24)} Q ${CENTRE} ${y(30)} ${x(wide)} ${y(24)} Q ${CENTRE} ${y(26 + 20 * smile)} ${x(-wide)} ${y(24)} Z"
    fill="#fbf6ee" stroke="#8a3d38" stroke-width="3"/>`;
}
