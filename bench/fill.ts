// `fill.js FILE COUNT`: fills a journal in a process of its own, whose memory is then not in the way of a measurement.
import { fillJournal } from "./backlog.ts";

await fillJournal(process.argv[2] ?? "", "bench", Number(process.argv[3]));
