/** The CPU time that a subject's processes spend from one moment on, together and each. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Subject } from "./subject.ts";

/** Who spends no more than this share of a core has nothing left to do. */
const quietShare = 0.05;
const lookEveryMs = 100;
const quietMsMax = 10_000;

export class CpuWatch {
  readonly #subject: Subject;
  readonly #before: Readonly<Record<string, number>>;

  constructor(subject: Subject) {
    this.#subject = subject;
    this.#before = cpuOf(subject);
  }

  /** Microseconds of each process. */
  get each(): Readonly<Record<string, number>> {
    const now = cpuOf(this.#subject);
    return Object.fromEntries(Object.entries(now).map(([name, us]) => [name, us - (this.#before[name] ?? 0)]));
  }

  /** Microseconds of all of them. */
  get all(): number {
    return sumOf(this.each);
  }
}

/** Waits until a subject has done what it was asked for: what it was asked to forget, too. */
export async function quiet(subject: Subject): Promise<void> {
  for (let waitedMs = 0; waitedMs < quietMsMax; waitedMs += lookEveryMs) {
    const [watch, startMs] = [new CpuWatch(subject), performance.now()];
    await sleep(lookEveryMs);
    if (watch.all < quietShare * (performance.now() - startMs) * 1000) return;
  }
}

function cpuOf({ processes }: Subject): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(processes).map(([name, { cpuMicroseconds }]) => [name, cpuMicroseconds]));
}

function sumOf(each: Readonly<Record<string, number>>): number {
  return Object.values(each).reduce((sum, one) => sum + one, 0);
}
