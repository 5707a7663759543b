/** Who brings bad tokens again and again waits, and so does whoever shares his address, but not for long. */
import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { test } from "node:test";
import { ManualClock } from "#runtime/clock_manual.ts";
import { BadTokens } from "./bad_tokens.ts";

const address = "203.0.113.7";

function brought(bad: number, from = address) {
  const clock = new ManualClock();
  const badTokens = new BadTokens(clock);
  const began = Array.from({ length: bad }, () => badTokens.add(from));
  return { clock, badTokens, began };
}

test("[PROTOCOL §6] ten bad tokens are forgiven; each one more makes the next wait a second longer, five at most", () => {
  const waits = [0, 9, 10, 11, 12, 13, 14, 15, 16, 1000].map((bad) => brought(bad).badTokens.waitMs(address));
  assert.deepEqual(waits, [0, 0, 0, 1000, 2000, 3000, 4000, 5000, 5000, 5000]);
  assert.equal(brought(1000).badTokens.waitMs("203.0.113.8"), 0, "another address");
});

test("[PROTOCOL §6] one more is forgiven every ten seconds, whatever there was before", () => {
  const { clock, badTokens } = brought(1000);
  clock.advanceAtOnce(20_000);
  assert.equal(badTokens.waitMs(address), 3000);
  clock.advanceAtOnce(30_000);
  assert.equal(badTokens.waitMs(address), 0);
  badTokens.add(address);
  assert.equal(badTokens.waitMs(address), 1000, "and then the next is one too many");
});

test("[PROTOCOL §6] an IPv6 household is one address", () => {
  const { badTokens } = brought(11, "2001:db8:0:7::1");
  assert.equal(badTokens.waitMs("2001:db8:0:7:ffff:ffff:ffff:ffff"), 1000);
  assert.equal(badTokens.waitMs("2001:db8:0:8::1"), 0);
});

test("[PROTOCOL §6] the moment an address is slowed down is said once", () => {
  const { clock, badTokens, began } = brought(14);
  assert.deepEqual(
    began.map((said, at) => (said ? at + 1 : 0)).filter((at) => at > 0),
    [11],
  );
  clock.advanceAtOnce(100_000);
  assert.deepEqual(
    Array.from({ length: 8 }, () => badTokens.add(address)),
    [false, false, false, false, false, false, true, false],
  );
});

test("[PROTOCOL §6][P7] at most a hundred of an address wait; who has gone, or is let go, waits no longer", async () => {
  const { clock, badTokens } = brought(11);
  const streams = Array.from({ length: 100 }, () => new PassThrough());
  const waits = streams.map((stream) => badTokens.wait(address, stream));
  assert.deepEqual([badTokens.waiting, await badTokens.wait(address, new PassThrough())], [100, false]);
  streams[0]?.destroy();
  assert.equal(await waits[0], true);
  assert.equal(badTokens.waiting, 99);
  const late = badTokens.wait(address, new PassThrough());
  clock.advanceAtOnce(1000);
  assert.deepEqual(new Set(await Promise.all([...waits, late])), new Set([true]));
  const last = badTokens.wait(address, new PassThrough());
  badTokens.wake();
  assert.equal(await last, true);
  assert.deepEqual([badTokens.waiting, clock.pending], [0, 0], "and nothing of it is left");
});

test("[P7] of ten thousand addresses the one whose last bad token was longest ago is forgotten", () => {
  const { badTokens } = brought(15);
  for (let at = 0; at < 9_999; at++) badTokens.add(`2001:db8:${at.toString(16)}::1`);
  assert.equal(badTokens.waitMs(address), 5000);
  badTokens.add("198.51.100.1");
  assert.equal(badTokens.waitMs(address), 0);
});
