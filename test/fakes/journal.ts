// The journal in memory, which a simulated fleet uses too.
export { MemoryJournal } from "../../src/simulate/fleet/memory-journal.ts";
