/** A thread of the simulator: runs every `step`th seed from its first one on, and posts each result. */
import { parentPort, workerData } from "node:worker_threads";
import { runWithout } from "./run.ts";

export interface Share {
  readonly first: number;
  readonly end: number;
  readonly step: number;
  readonly off: string | undefined;
}

const { first, end, step, off } = workerData as Share;
for (let seed = first; seed < end; seed += step) parentPort?.postMessage(await runWithout(seed, off));
