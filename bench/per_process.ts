/** One number for each process of a subject. */
import type { Pinned } from "./pinned.ts";
import type { Subject } from "./subject.ts";

export type PerProcess = Readonly<Record<string, number>>;

export function ofEach({ processes }: Pick<Subject, "processes">, what: (process: Pinned) => number): PerProcess {
  return Object.fromEntries(Object.entries(processes).map(([name, process]) => [name, what(process)]));
}

/** How much more they are than they were. */
export function growthOf(now: PerProcess, before: PerProcess): PerProcess {
  return mapped(now, (number, name) => number - (before[name] ?? 0));
}

export function dividedBy(numbers: PerProcess, divisor: number): PerProcess {
  return mapped(numbers, (number) => number / divisor);
}

export function sumOf(numbers: PerProcess): number {
  return Object.values(numbers).reduce((sum, number) => sum + number, 0);
}

/** The medians of several measurements, process by process. */
export function mediansOf(all: readonly PerProcess[], median: (values: readonly number[]) => number): PerProcess {
  return mapped(all[0] ?? {}, (_, name) => median(all.map((numbers) => numbers[name] ?? Number.NaN)));
}

function mapped(numbers: PerProcess, act: (number: number, name: string) => number): PerProcess {
  return Object.fromEntries(Object.entries(numbers).map(([name, number]) => [name, act(number, name)]));
}
