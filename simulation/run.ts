/** Runs one seed, with a rule switched off if asked to. */
import { isSwitch, switches } from "./switches.ts";
import { type RunOptions, type RunResult, runSeed } from "./world.ts";

/** @throws when there is no such switch. */
export async function runWithout(seed: number, off: string | undefined, options: RunOptions = {}): Promise<RunResult> {
  if (off === undefined) return runSeed(seed, options);
  if (!isSwitch(off)) throw new TypeError(`there is no switch ${JSON.stringify(off)}: ${Object.keys(switches).join(", ")}`);
  const { write, patch }: { write?: RunOptions["write"]; patch?(): () => void } = switches[off];
  const restore = patch?.();
  try {
    return await runSeed(seed, { ...options, ...(write === undefined ? {} : { write }) });
  } finally {
    restore?.();
  }
}
