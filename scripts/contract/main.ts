// `npm run contract`: what the code says now becomes the contract that others were given; prints what that breaks.
import { existsSync, writeFileSync } from "node:fs";
import { broken, presentContract, RELEASED, releasedContract } from "./compatible.ts";

const present = presentContract();
if (existsSync(RELEASED)) for (const line of broken(releasedContract(), present)) console.log(`breaks: ${line}`);
writeFileSync(RELEASED, `${JSON.stringify(present)}\n`);
console.log("docs/released.json is the contract of now");
