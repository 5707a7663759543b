/** One disturbance among several of a scenario: what it did to those who play, as a line for a person. */
import type { TestContext } from "node:test";
import { seconds } from "#clients/croupier/words.ts";
import { spreadOf } from "#tests/faults/measure.ts";
import type { Players } from "./players.ts";

export interface Disturbance<Result> {
  readonly result: Result;
  readonly pausesMs: readonly number[];
  readonly tookMs: number;
}

/** Does it, and says how long it took, and how long its echoers waited at most. */
export async function disturb<Result>(
  t: TestContext,
  players: Players,
  what: string,
  act: () => Promise<Result>,
): Promise<Disturbance<Result>> {
  const before = players.pausesMs.length;
  const startMs = performance.now();
  let tookMs = 0;
  const result = await players.during(async () => {
    const done = await act();
    tookMs = performance.now() - startMs;
    return done;
  });
  const pausesMs = players.pausesMs.slice(before);
  const pause = pausesMs.length === 0 ? "" : `pause ${spreadOf(pausesMs)}; `;
  t.diagnostic(`${what}: ${pause}${seconds(tookMs)}`);
  return { result, pausesMs, tookMs };
}
