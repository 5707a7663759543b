/** One disturbance among several of a scenario: what it did to those who play, as a line for a person. */
import type { TestContext } from "node:test";
import { quantile } from "#tests/faults/measure.ts";
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
  const [p50, p99, most] = [0.5, 0.99, 1].map((q) => quantile(pausesMs, q).toFixed(0));
  const pause = pausesMs.length === 0 ? "" : `pause p50 ${p50}, p99 ${p99}, max ${most} ms; `;
  t.diagnostic(`${what}: ${pause}${(tookMs / 1000).toFixed(1)} s`);
  return { result, pausesMs, tookMs };
}
