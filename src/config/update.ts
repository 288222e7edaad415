// Settings of updates: whose signature is believed, and where packages are laid.
import { z } from "zod";

export const UpdateConfig = z
  .strictObject({
    keyFiles: z
      .array(z.string().min(1))
      .min(1)
      .max(4)
      .describe(
        "files of Ed25519 public keys, PEM; a package signed by any of them is believed. Two while keys change",
      ),
    from: z
      .string()
      .regex(/^\//, "an absolute path")
      .default("/var/lib/touchpoint-packages")
      .describe("folder in which packages are laid; the command `update` names one in it"),
  })
  .describe("updates by signed packages; refused while absent");
export type UpdateConfig = z.infer<typeof UpdateConfig>;
