/**
 * What a message costs each subject. In every round each has its turn, first with one question of every player open, then
 * with four, then with a tenth of the questions that it has just answered a second; ratios are the medians of those of each
 * round, so that they hold on a machine that others use too.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { median, quantile } from "#tests/faults/measure.ts";
import { CpuWatch } from "./cpu_watch.ts";
import { Crowd, type LoadOptions, type Measured } from "./load.ts";
import { dividedBy, type PerProcess, sumOf } from "./per_process.ts";
import type { ScenarioOptions, Table } from "./scenario.ts";
import type { Subject } from "./subject.ts";
import { names } from "./subjects_at_hand.ts";

const players = 100;
const playersPerRoom = 4;
/** Until code that is run often has been compiled. */
const warmUpMs = 2000;
/** Until those who left are gone. */
export const goneMs = 500;
const lightLoad = 0.1;
const kinds = ["one", "four", "light"] as const;

export interface Round {
  /** CPU microseconds for each message delivered, by process. */
  readonly cpu: PerProcess;
  readonly deliveriesPerSecond: number;
  readonly questionsPerSecond: number;
  readonly latenciesMs: Float64Array;
  /** Of a core, what this process spent on asking: near 1, it is this that was measured. */
  readonly askersCpu: number;
}

/** Rounds of one subject. */
export type Rounds = Readonly<Record<(typeof kinds)[number], readonly Round[]>>;

/** By the name of the subject. */
export type Compared = ReadonlyMap<string, Rounds>;

/** Measures what is asked, with the CPU time of each process for itself. */
export async function roundOf(subject: Subject, ask: () => Promise<Measured>): Promise<Round> {
  const watch = new CpuWatch(subject);
  const mineBefore = process.cpuUsage();
  const { seconds, deliveries, latenciesMs } = await ask();
  const { user, system } = process.cpuUsage(mineBefore);
  const cpu = dividedBy(watch.spent, deliveries);
  const [deliveriesPerSecond, questionsPerSecond] = [deliveries / seconds, latenciesMs.length / seconds];
  const askersCpu = (user + system) / (seconds * 1e6);
  return { cpu, deliveriesPerSecond, questionsPerSecond, latenciesMs, askersCpu };
}

export function cpuOf({ cpu }: Round): number {
  return sumOf(cpu);
}

/** Seats a crowd at each subject and has it ask, round for round. */
export async function compare(kind: LoadOptions["kind"], { rounds, seconds, subjects }: ScenarioOptions): Promise<Compared> {
  const ms = seconds * 1000;
  const seated: { subject: Subject; crowd: Crowd; rounds: Record<(typeof kinds)[number], Round[]> }[] = [];
  for (const subject of subjects.all) {
    const crowd = await Crowd.seat(subject, { players, playersPerRoom, kind });
    await crowd.askAsAnswered(Math.min(2 * ms, warmUpMs));
    seated.push({ subject, crowd, rounds: { one: [], four: [], light: [] } });
  }
  for (let round = 0; round < rounds; round++) {
    for (const { subject, crowd, rounds } of seated) {
      const one = await roundOf(subject, () => crowd.askAsAnswered(ms));
      rounds.one.push(one);
      rounds.four.push(await roundOf(subject, () => crowd.askAsAnswered(ms, 4)));
      rounds.light.push(await roundOf(subject, () => crowd.askAtPace(ms, one.questionsPerSecond * lightLoad)));
    }
  }
  for (const { crowd } of seated) crowd.leave();
  await sleep(goneMs);
  return new Map(seated.map(({ subject, rounds }) => [subject.name, rounds]));
}

/** How many times the CPU time of another subject; NaN when that is not there. */
export function ratio(compared: Compared, name: string, other: string, kind: "one" | "four" = "one"): number {
  const [mine = [], others = []] = [compared.get(name)?.[kind], compared.get(other)?.[kind]];
  if (others.length === 0) return Number.NaN;
  return median(mine.map((round, at) => cpuOf(round) / cpuOf(others[at] as Round)));
}

/** Milliseconds. */
export function latency(rounds: readonly Round[], share: number): number {
  return median(rounds.map(({ latenciesMs }) => quantile(latenciesMs, share)));
}

export function lightLatency(compared: Compared, name: string): number {
  return latency(compared.get(name)?.light ?? [], 0.99);
}

export const columns = [
  "",
  "in flight",
  "CPU µs a message",
  "gate",
  "game server",
  "messages/s",
  "askers' core",
  "p50 ms",
  "p99 ms",
  "p99.9 ms",
  "× the floor",
  "× the durable floor",
  "× Colyseus",
  "p99 ms at 10 % load",
] as const;

export function rowsOf(compared: Compared): Table["rows"] {
  return [...compared].flatMap(([name, rounds]) =>
    (["one", "four"] as const).map((kind) => {
      const mine = rounds[kind];
      return [
        ...[name, kind === "one" ? 1 : 4, median(mine.map(cpuOf)), ...splitOf(mine)],
        median(mine.map(({ deliveriesPerSecond }) => deliveriesPerSecond)),
        `${(median(mine.map(({ askersCpu }) => askersCpu)) * 100).toFixed(0)} %`,
        ...[0.5, 0.99, 0.999].map((share) => latency(mine, share)),
        ...[names.floor, names.durableFloor, names.colyseus].map((other) => ratio(compared, name, other, kind)),
        kind === "one" ? lightLatency(compared, name) : "",
      ];
    }),
  );
}

/** Of the gate, and of what is behind it. */
function splitOf(rounds: readonly Round[]): (string | number)[] {
  if (rounds.some(({ cpu }) => cpu["gate"] === undefined)) return ["", ""];
  const gate = median(rounds.map(({ cpu }) => cpu["gate"] ?? 0));
  return [gate, median(rounds.map((round) => cpuOf(round) - (round.cpu["gate"] ?? 0)))];
}
