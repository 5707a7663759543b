import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenBucket } from "./token_bucket.ts";

test("[P7] a bucket gives its burst at once and its rate in the long run", () => {
  const bucket = new TokenBucket(50, 100, 0);
  const taken = (nowMs: number) => Array.from({ length: 200 }, () => bucket.take(nowMs)).filter(Boolean).length;
  assert.equal(taken(0), 100);
  assert.equal(taken(1_000), 50);
  assert.equal(taken(100_000), 100);
});

test("[P7] what came while nobody looked may come at once, and for as long again", () => {
  const bucket = new TokenBucket(50, 100, 0);
  const taken = (nowMs: number) => Array.from({ length: 1000 }, () => bucket.take(nowMs)).filter(Boolean).length;
  assert.equal(taken(0), 100);
  bucket.makeUp(10_000, 10_000);
  assert.equal(taken(10_000), 600, "its burst, and 10 s of its rate");
  bucket.makeUp(10_000, 20_000);
  assert.equal(taken(30_000), 100, "too late");
});
