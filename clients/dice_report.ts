/** What bots have seen together: counts, latencies, and whether they agree. */
import type { DiceBot } from "./dice_bot.ts";

export interface Percentiles {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface Report {
  readonly users: number;
  readonly seated: number;
  /** Settlements, counted once per room. */
  readonly games: number;
  readonly rolls: number;
  readonly settlements: number;
  /** From a roll to its answer, milliseconds. */
  readonly rollMs: Percentiles;
  /** Rolls that were answered, and took more than a second. */
  readonly lateRolls: number;
  /** From an open connection to the scene, milliseconds. */
  readonly sitMs: Percentiles;
  readonly errors: Readonly<Record<string, number>>;
  readonly closes: Readonly<Record<string, number>>;
  readonly reconnects: number;
  /** Of the bot that had the most. */
  readonly reconnectsMost: number;
  readonly inconsistencies: readonly string[];
  readonly isClean: boolean;
}

const lateMs = 1000;
/** Settlements at the two ends of what two bots heard. */
const endsMax = 4;

export function sum(bots: readonly DiceBot[]): Report {
  const rooms = Map.groupBy(bots, ({ room }) => room);
  const inconsistencies = [...bots.flatMap((bot) => bot.inconsistencies), ...[...rooms.values()].flatMap(disagreements)];
  const rollMs = bots.flatMap((bot) => bot.rollMs);
  const errors = merge(bots.map((bot) => bot.errors));
  const closes = merge(bots.map((bot) => bot.closes));
  const reconnects = total(bots.map((bot) => bot.reconnects));
  return {
    users: bots.length,
    seated: bots.filter((bot) => bot.isSeated).length,
    games: total([...rooms].map(([room, seated]) => (room === undefined ? 0 : Math.max(...seated.map((bot) => bot.settlements.length))))),
    rolls: total(bots.map((bot) => bot.rolls)),
    settlements: total(bots.map((bot) => bot.settlements.length)),
    rollMs: percentiles(rollMs),
    lateRolls: rollMs.filter((ms) => ms > lateMs).length,
    sitMs: percentiles(bots.flatMap((bot) => bot.sitMs)),
    ...{ errors, closes, reconnects, inconsistencies },
    reconnectsMost: bots.reduce((most, bot) => Math.max(most, bot.reconnects), 0),
    isClean: inconsistencies.length === 0 && reconnects === 0 && Object.keys(errors).length === 0 && Object.keys(closes).length === 0,
  };
}

/**
 * Bots of one room heard the same settlements in the same order, but for the first and the last, and for those before the later
 * one sat down; who was away may have missed one each time.
 */
function disagreements(bots: readonly DiceBot[]): string[] {
  const [first, ...others] = bots;
  if (first === undefined || first.room === undefined) return [];
  return others.flatMap((bot) => (agree(first, bot) ? [] : [`room ${first.room}: two bots heard different settlements`]));
}

type Hearer = Pick<DiceBot, "settlements" | "reconnects">;

/** Whether two bots of one room can both be right. */
export function agree(one: Hearer, other: Hearer): boolean {
  const [fewer = [], more = []] = [one.settlements, other.settlements].toSorted((a, b) => a.length - b.length);
  const times = one.reconnects + other.reconnects;
  if (times === 0) return isStretchOf(more, fewer.slice(1, -1));
  return differences(one.settlements, other.settlements.slice(1, -1)) <= times + endsMax;
}

/** Whether all of `part` is in `lines`, one after another. */
function isStretchOf(lines: readonly string[], part: readonly string[]): boolean {
  return lines.some((_, from) => part.every((line, at) => line === lines[from + at])) || part.length === 0;
}

/** How many lines must be taken from either so that both are the same: what they do not have in common, in order. */
function differences(one: readonly string[], other: readonly string[]): number {
  let common: readonly number[] = [0, ...other.map(() => 0)]; // by how much of `other` is looked at
  for (const line of one) {
    const next = [0];
    for (const [at, theirs] of other.entries())
      next.push(line === theirs ? (common[at] ?? 0) + 1 : Math.max(next[at] ?? 0, common[at + 1] ?? 0));
    common = next;
  }
  return one.length + other.length - 2 * (common.at(-1) ?? 0);
}

function percentiles(values: number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (part: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0) * 10) / 10;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}

function merge(counts: readonly ReadonlyMap<string, number>[]): Record<string, number> {
  const merged: Record<string, number> = {};
  for (const map of counts) for (const [name, count] of map) merged[name] = (merged[name] ?? 0) + count;
  return merged;
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((all, number) => all + number, 0);
}
