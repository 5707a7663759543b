/** How long somebody waits who has failed. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs } from "./backoff.ts";
import type { Entropy } from "./entropy.ts";

const least: Entropy = (count) => new Uint8Array(count);
const most: Entropy = (count) => new Uint8Array(count).fill(255);

test("a back-off doubles up to its limit, and chance takes up to half of it", () => {
  const backoff = { msMin: 100, msMax: 1000 };
  const waits = (entropy: Entropy): number[] =>
    [0, 1, 2, 3, 4, 5000].map((doublings) => Math.round(backoffMs(backoff, doublings, entropy)));
  assert.deepEqual(waits(most), [100, 200, 400, 800, 1000, 1000]);
  assert.deepEqual(waits(least), [50, 100, 200, 400, 500, 500]);
});
