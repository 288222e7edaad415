// How a moment is written in an event.
import { z } from "zod";

/** One schema object for all: a field that is this one moves with `time` when that is repaired. */
export const instant = z.iso.datetime({ precision: 3 }).describe("UTC, RFC 3339 with milliseconds");
