/** A row of a table on something that players do: what each costs, and how many a core can take. */
import { median } from "#tests/faults/measure.ts";
import { mediansOf, type PerProcess, sumOf } from "./per_process.ts";

export interface Round {
  /** CPU microseconds for each. */
  readonly cpu: PerProcess;
  /** By the clock. */
  readonly perSecond: number;
}

/** Name, CPU of each, of it the gate's and the game server's, so many a second on a core, and by the clock. */
export function perCoreRow(name: string, rounds: readonly Round[]): (string | number)[] {
  const parts = mediansOf(
    rounds.map(({ cpu }) => cpu),
    median,
  );
  const cpu = median(rounds.map((round) => sumOf(round.cpu)));
  const [gate = Number.NaN, server = Number.NaN] = [parts["gate"], parts["game server"]];
  return [name, cpu, gate, server, 1e6 / cpu, median(rounds.map(({ perSecond }) => perSecond))];
}
