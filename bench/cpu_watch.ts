/** The CPU time that a subject's processes spend from one moment on. */
import { setTimeout as sleep } from "node:timers/promises";
import { growthOf, ofEach, type PerProcess, sumOf } from "./per_process.ts";
import type { Pinned } from "./pinned.ts";
import type { Subject } from "./subject.ts";

/** Who spends no more than this share of a core has nothing left to do. */
const quietShare = 0.05;
const lookEveryMs = 100;
const quietMsMax = 10_000;
/** A first collection ends what the next one takes away. */
const settlings = 3;

export class CpuWatch {
  readonly #subject: Pick<Subject, "processes">;
  readonly #before: PerProcess;

  constructor(subject: Pick<Subject, "processes">) {
    this.#subject = subject;
    this.#before = cpuOf(subject);
  }

  /** Microseconds. */
  get spent(): PerProcess {
    return growthOf(cpuOf(this.#subject), this.#before);
  }
}

/** Waits until a subject has done what it was asked for: what it was asked to forget, too. */
export async function quiet(subject: Pick<Subject, "processes">): Promise<void> {
  for (let waitedMs = 0; waitedMs < quietMsMax; waitedMs += lookEveryMs) {
    const [watch, startMs] = [new CpuWatch(subject), performance.now()];
    await sleep(lookEveryMs);
    if (sumOf(watch.spent) < quietShare * (performance.now() - startMs) * 1000) return;
  }
}

/** Has these processes of a subject throw away what they do not hold, and waits until they have. */
export async function settle(subject: Pick<Subject, "processes">, processes: Iterable<Pinned>): Promise<void> {
  for (let count = 0; count < settlings; count++) {
    for (const process of processes) process.settle();
    await quiet(subject);
  }
}

function cpuOf(subject: Pick<Subject, "processes">): PerProcess {
  return ofEach(subject, ({ cpuMicroseconds }) => cpuMicroseconds);
}
