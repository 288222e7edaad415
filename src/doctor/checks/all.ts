// The list of checks, in the order in which a technician reads them.
import type { Check } from "../finding.ts";
import { brokerCheck } from "./broker.ts";
import { cameraCheck } from "./cameras.ts";
import { clockCheck } from "./clock.ts";
import { configCheck } from "./config.ts";
import { diskCheck } from "./disk.ts";
import { doorCheck } from "./doors.ts";
import { journalCheck } from "./journal.ts";
import { modelCheck } from "./models.ts";
import { padCheck } from "./pads.ts";
import { powerCheck } from "./power.ts";
import { processCheck } from "./process.ts";
import { serviceCheck } from "./service.ts";
import { updateCheck } from "./update.ts";
import { webhookCheck } from "./webhooks.ts";

export const CHECKS: readonly Check[] = [
  configCheck,
  processCheck,
  clockCheck,
  diskCheck,
  powerCheck,
  padCheck,
  cameraCheck,
  modelCheck,
  journalCheck,
  brokerCheck,
  doorCheck,
  webhookCheck,
  updateCheck,
  serviceCheck,
];
