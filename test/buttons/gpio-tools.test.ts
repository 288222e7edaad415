// What libgpiod's tools print and are told, as recorded from 1.6.3 (Debian 12) and 2.2.1 (Debian 13) on gpio-sim.
import { describe, expect, test } from "vitest";
import {
  holdArgs,
  type LineRequest,
  monitorArgs,
  parseChips,
  parseEdge,
  parseLevels,
  parseLines,
  parseVersion,
  readArgs,
} from "../../src/buttons/gpio-tools.ts";

const INFO_1 = `gpiochip0 - 32 lines:
	line   0:      unnamed       unused   input  active-high 
	line  17:     "GPIO17"    "gpiomon"   input   active-low [used pull-up]
	line  24:      unnamed    "gpioset"  output  active-high [used]
	line  27:     "GPIO27"       unused   input  active-high 
	line  28:      unnamed      "sysfs"   input  active-high [used]
	line  30: "two words"       kernel   input  active-high [used]
`;

const INFO_2 = `gpiochip0 - 32 lines:
	line   0:	unnamed         	input
	line  17:	"GPIO17"        	input active-low bias=pull-up edges=both consumer="touchpoint"
	line  24:	unnamed         	output consumer=touchpoint
	line  27:	"GPIO27"        	input
	line  28:	unnamed         	input consumer=sysfs
	line  30:	"two words"     	input consumer=kernel
`;

const LINES = (monitor: string, set: string) => [
  { offset: 0 },
  { offset: 17, name: "GPIO17", consumer: monitor },
  { offset: 24, consumer: set },
  { offset: 27, name: "GPIO27" },
  { offset: 28, consumer: "sysfs" },
  { offset: 30, name: "two words", consumer: "kernel" },
];

const request: LineRequest = { chip: "gpiochip0", offsets: [17, 27], bias: "pull-up", activeLow: true };

describe("what is read", () => {
  test("versions", () => {
    expect(parseVersion("gpiomon (libgpiod) v1.6.3\nCopyright (C) 2017-2018 Bartosz Golaszewski")).toBe(1);
    expect(parseVersion("gpiomon (libgpiod) v2.2.1\n")).toBe(2);
    expect(parseVersion("gpiomon (libgpiod) v3.0")).toBeUndefined();
    expect(parseVersion("")).toBeUndefined();
  });

  test("chips", () => {
    expect(parseChips("gpiochip0 [pinctrl-rp1] (54 lines)\ngpiochip10 [gpio-brcmstb@107d508500] (1 line)\n")).toEqual([
      { name: "gpiochip0", label: "pinctrl-rp1", lines: 54 },
      { name: "gpiochip10", label: "gpio-brcmstb@107d508500", lines: 1 },
    ]);
    expect(parseChips("")).toEqual([]);
  });

  test("lines", () => {
    expect(parseLines(INFO_1)).toEqual(LINES("gpiomon", "gpioset"));
    expect(parseLines(INFO_2)).toEqual(LINES("touchpoint", "touchpoint"));
  });

  test("edges of 1.6, whose nanoseconds are not padded", () => {
    expect(parseEdge("1 17 27.205612920", 1)).toEqual({ offset: 17, active: true, atNs: 27_205_612_920n });
    expect(parseEdge("0 17 27.5000", 1)).toEqual({ offset: 17, active: false, atNs: 27_000_005_000n });
  });

  test("edges of 2.x", () => {
    expect(parseEdge("1 27 33.248755210", 2)).toEqual({ offset: 27, active: true, atNs: 33_248_755_210n });
    expect(parseEdge("2 17 33.000005000", 2)).toEqual({ offset: 17, active: false, atNs: 33_000_005_000n });
  });

  test("anything else is no edge", () => {
    for (const line of [
      "",
      "Monitoring lines '17', and '27'...",
      "1 17",
      "3 17 1.0",
      "1 17 1.0 1",
      "event: RISING EDGE",
    ])
      for (const version of [1, 2] as const) expect(parseEdge(line, version)).toBeUndefined();
    expect(parseEdge("2 17 33.0", 1)).toBeUndefined();
    expect(parseEdge("0 17 33.0", 2)).toBeUndefined();
  });

  test("levels", () => {
    expect(parseLevels("1 0\n", 2)).toEqual([true, false]);
    expect(parseLevels("1\n", 2)).toBeUndefined();
    expect(parseLevels('"17"=active "27"=inactive\n', 2)).toBeUndefined();
  });
});

describe("what is told", () => {
  test("1.6", () => {
    expect(monitorArgs(1, request).join("|")).toBe(
      "--bias=pull-up|--active-low|--line-buffered|--format=%e %o %s.%n|gpiochip0|17|27",
    );
    expect(readArgs(1, { ...request, bias: "disabled", activeLow: false }).join(" ")).toBe(
      "--bias=disable gpiochip0 17 27",
    );
    expect(holdArgs(1, "gpiochip0", 24, true).join(" ")).toBe("--mode=signal gpiochip0 24=1");
  });

  test("2.x", () => {
    expect(monitorArgs(2, { ...request, bias: "as-is" }).join("|")).toBe(
      "--active-low|--banner|--event-clock=monotonic|--format=%e %o %S|--consumer=touchpoint|--chip|gpiochip0|17|27",
    );
    expect(readArgs(2, { ...request, bias: "disabled" }).join(" ")).toBe(
      "--bias=disabled --active-low --numeric --hold-period=2ms --consumer=touchpoint --chip gpiochip0 17 27",
    );
    expect(holdArgs(2, "gpiochip0", 24, false).join(" ")).toBe("--consumer=touchpoint --chip gpiochip0 24=0");
  });
});
