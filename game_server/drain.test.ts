/** P6: what becomes of rooms when their server drains. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readSettings } from "#runtime/settings.ts";
import { ManualClock } from "#tests/support/manual_clock.ts";
import { Drain } from "./drain.ts";

/** A drain of a server without rooms that writes down what its rooms are told to do. */
function drainWith(setting: string, mayPark: boolean) {
  const clock = new ManualClock();
  const told: string[] = [];
  const drain = new Drain({
    settings: readSettings({ DRAIN: setting }),
    ...{ clock, mayPark, leftMs: () => 1000 },
    rooms: { all: () => [], drain: () => told.push("drain"), undoDrain: () => told.push("undo"), park: () => told.push("park") },
  });
  return { clock, drain, told };
}

for (const [setting, mayPark, kind] of [
  ["move", true, "park"],
  ["move", false, "wait"],
  ["park", true, "park"],
  ["park", false, "wait"],
  ["wait", true, "wait"],
  ["wait", false, "wait"],
] as const) {
  test(`[P6] DRAIN=${setting}, a successor ${mayPark ? "promised" : "not promised"}: rooms ${kind}`, () => {
    const { drain, told } = drainWith(setting, mayPark);
    assert.equal(drain.kind, kind);
    drain.begin();
    assert.deepEqual([drain.kind, told], [kind, kind === "park" ? ["drain", "park"] : ["drain"]]);
  });
}

test("[P6] parked rooms are not taken back, waiting ones are, and no timer stays", () => {
  const parked = drainWith("park", true);
  parked.drain.begin();
  assert.deepEqual([parked.drain.undo(), parked.clock.pending], [false, 0]);
  const waiting = drainWith("wait", true);
  waiting.drain.begin();
  assert.equal(waiting.clock.pending, 1);
  assert.deepEqual([waiting.drain.undo(), waiting.clock.pending, waiting.told], [true, 0, ["drain", "undo"]]);
});

test("[P6] the deadline parks once, and only for a promised successor", () => {
  const { drain, told, clock } = drainWith("wait", true);
  drain.begin();
  assert.deepEqual([drain.park(), drain.park(), drain.kind, clock.pending], [true, true, "park", 0]);
  assert.deepEqual(told, ["drain", "park"]);
  assert.equal(drainWith("wait", false).drain.park(), false);
});
