// The shop of the simulated day: four tills that between them have everything a touchpoint can have.
import { createHmac } from "node:crypto";
import { Config, type ConfigInput } from "../config/schema.ts";
import type { CustomerHash } from "../touchpoint/context.ts";

export const TIMEZONE = "Europe/Vilnius";
/** On the shop's own clock. */
export const OPENS = "08:00";
export const CLOSES = "20:00";
export const TILLS = ["till-1", "till-2", "till-3", "till-4"] as const;
export type Till = (typeof TILLS)[number];
/** Pads by till; the first till has one on either side. */
export const PADS: Readonly<Record<Till, readonly string[]>> = {
  "till-1": ["p1-left", "p1-right"],
  "till-2": ["p2"],
  "till-3": ["p3"],
  "till-4": ["p4"],
};
export const CAMERA = "hall";
/** Where in the camera's picture the customer of a till stands: the middle of the zone, as a share of its width. */
export const STANDS_AT: Partial<Record<Till, number>> = { "till-1": 0.25, "till-2": 0.75 };
export const BADGE_READER = "badge-reader";
export const CARD_READER = "card-reader";
export const REASONS = ["slow", "rude", "dirty"] as const;
export const CALLS_MANAGER = "manager";
/** An alert that nobody reacts to is escalated after this, seconds. */
export const ESCALATE_AFTER_S = 300;
/** A camera that is away is told of after this, seconds. */
export const CAMERA_AWAY_S = 60;
/** A customer's card counts for this long: shorter than it takes until the next customer could press, seconds. */
const CARD_S = 12;
export const NPS_QUESTION = "recommend";
export const WHY_QUESTION = "why";
export const WHY = ["price", "staff", "goods"] as const;
/** Question of the pads of each till. */
export const QUESTION: Readonly<Record<Till, string>> = {
  "till-1": "visit",
  "till-2": "visit",
  "till-3": "service",
  "till-4": "visit",
};

const hours = [{ from: OPENS, to: "20:15" }];
const smileys = { "1": 1, "2": 2, "3": 3, "4": 4, ...Object.fromEntries(REASONS.map((reason) => [reason, null])) };
const visit = { id: "visit", min: 1, max: 4, text: "How was your visit?", buttons: smileys };
const half = (left: number): [number, number][] => [
  [left, 0],
  [left + 0.5, 0],
  [left + 0.5, 1],
  [left, 1],
];

/** @param dataDir folder of the journal, for whoever writes one */
export function shopConfig(dataDir = "/var/lib/touchpoint"): ConfigInput {
  return {
    version: 1,
    local: {
      device: "simulated",
      site: "simulated-shop",
      timezone: TIMEZONE,
      dataDir,
      pads: [...Object.values(PADS).flat(), BADGE_READER, CARD_READER].map((id) => ({ id, driver: "simulated" })),
      cameras: [{ id: CAMERA, source: { kind: "scene" } }],
    },
    fleet: {
      openingHours: hours,
      touchpoints: [
        {
          id: "till-1",
          pads: [...PADS["till-1"]],
          readers: [BADGE_READER],
          question: visit,
          zone: { camera: CAMERA, polygon: half(0) },
          context: {
            scans: [{ kind: "badge", pattern: "S-(\\d+)" }],
            badges: { "1": "anna", "2": "jonas" },
          },
        },
        {
          id: "till-2",
          pads: [...PADS["till-2"]],
          readers: [CARD_READER],
          question: { ...visit, buttons: { ...smileys, [CALLS_MANAGER]: null } },
          survey: "nps",
          zone: { camera: CAMERA, polygon: half(0.5) },
          context: { customerBeforeS: CARD_S, scans: [{ kind: "customer", pattern: "99\\d{6}" }] },
        },
        {
          id: "till-3",
          pads: [...PADS["till-3"]],
          question: { id: "service", min: 1, max: 5, buttons: { "1": 1, "2": 2, "3": 3, "4": 4, "5": 5 } },
          service: { onDemand: true },
        },
        {
          id: "till-4",
          pads: [...PADS["till-4"]],
          question: visit,
          activity: { buttons: { begin: "start", sold: "end:sale", "not-sold": "end:no-sale" }, limitS: 600 },
        },
      ],
      surveys: [
        {
          id: "nps",
          questions: [
            { id: NPS_QUESTION, kind: "scale", min: 0, max: 10, text: "Would you send a friend to us?" },
            {
              id: WHY_QUESTION,
              kind: "single",
              text: "What decides it?",
              options: WHY.map((id) => ({ id, text: id })),
            },
          ],
        },
      ],
      alerts: {
        rules: [
          {
            id: "manager",
            kind: "reason",
            touchpoints: ["till-2"],
            buttons: [CALLS_MANAGER],
            escalateAfterS: ESCALATE_AFTER_S,
            cooldownS: 0,
          },
          { id: "camera", kind: "camera", touchpoints: ["till-1"], afterS: CAMERA_AWAY_S },
          { id: "stuck", kind: "stuck", touchpoints: ["till-4"] },
        ],
      },
    },
  };
}

export function shop(): Config {
  return Config.parse(shopConfig());
}

/** Of cards that do not exist: its key is no secret. */
export const cardHash: CustomerHash = (raw) => ({
  customer: { key: "simulated", hash: createHmac("sha256", "simulated").update(raw).digest("hex").slice(0, 32) },
});
