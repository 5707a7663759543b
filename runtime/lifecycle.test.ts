/** P6: how signals move a process out of service. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "./clock_manual.ts";
import { type Leaving, Lifecycle } from "./lifecycle.ts";
import { silentLog } from "./log.ts";

/** A process with `rooms` rooms that writes down what it is told. */
function house(rooms: number, { deadlineMs = 110_000, mayPark = false, mayUndo = true } = {}) {
  const clock = new ManualClock();
  const told: string[] = [];
  const state = { rooms };
  const leaving: Leaving = {
    drainKind: "wait",
    load: { rooms, players: 0, sessions: 0 },
    drain: () => told.push("drain"),
    undo: () => {
      told.push("undo");
      return mayUndo;
    },
    park: () => {
      told.push("park");
      if (mayPark) state.rooms = 0;
      return mayPark;
    },
    dissolve: () => {
      told.push("dissolve");
      state.rooms = 0;
    },
    isEmpty: () => state.rooms === 0,
  };
  const lifecycle = new Lifecycle(() => leaving, { clock, log: silentLog, deadlineMs });
  let gone = false;
  void lifecycle.gone.then(() => {
    gone = true;
  });
  const isGone = async (): Promise<boolean> => {
    await clock.advance(0);
    return gone;
  };
  return { clock, lifecycle, told, state, isGone };
}

test("[P6] the first signal drains, the second dissolves, more change nothing", async () => {
  const { lifecycle, told, isGone } = house(3);
  lifecycle.signal();
  assert.deepEqual([lifecycle.stage, told, await isGone()], ["draining", ["drain"], false]);
  lifecycle.signal();
  lifecycle.signal();
  lifecycle.signal();
  assert.deepEqual([lifecycle.stage, told, await isGone()], ["gone", ["drain", "dissolve"], true]);
});

test("[P6] a process with nothing to wait for is gone at the first signal", async () => {
  const { lifecycle, isGone } = house(0);
  lifecycle.signal();
  assert.ok(await isGone());
});

test("[P6] a draining process is gone when its last room ends", async () => {
  const { lifecycle, told, state, isGone } = house(2);
  lifecycle.signal();
  state.rooms = 0;
  lifecycle.settle();
  assert.ok(await isGone());
  assert.deepEqual(told, ["drain"]);
});

test("[P6] drain is idempotent and never a second signal", () => {
  const { lifecycle, told } = house(2);
  lifecycle.drain();
  lifecycle.drain();
  assert.deepEqual([lifecycle.stage, told], ["draining", ["drain"]]);
});

test("[P6] undo returns to serving, so that the next signal is a first one again", () => {
  const { clock, lifecycle, told } = house(2);
  lifecycle.signal();
  assert.equal(lifecycle.undo(), true);
  clock.advanceAtOnce(200_000);
  assert.equal(lifecycle.stage, "serving");
  lifecycle.signal();
  assert.deepEqual([lifecycle.stage, told], ["draining", ["drain", "undo", "drain"]]);
  assert.equal(clock.pending, 1);
});

test("[P6] undo is refused once rooms are being dissolved", () => {
  const { lifecycle } = house(2);
  assert.equal(lifecycle.undo(), false);
  lifecycle.signal();
  lifecycle.signal();
  assert.equal(lifecycle.undo(), false);
});

test("[P6] undo is refused when the process says that it is too late", () => {
  const { clock, lifecycle, told } = house(2, { mayUndo: false });
  lifecycle.signal();
  assert.equal(lifecycle.undo(), false);
  assert.deepEqual([lifecycle.stage, told, clock.pending], ["draining", ["drain", "undo"], 1]);
});

test("[P6] DRAIN_DEADLINE parks what may be parked", async () => {
  const { clock, lifecycle, told, isGone } = house(2, { mayPark: true });
  lifecycle.signal();
  clock.advanceAtOnce(110_000);
  assert.deepEqual([told, await isGone()], [["drain", "park"], true]);
});

test("[P6] DRAIN_DEADLINE dissolves what may not be parked, without a second signal", async () => {
  const { clock, lifecycle, told, isGone } = house(2);
  lifecycle.signal();
  clock.advanceAtOnce(60_000);
  assert.equal(lifecycle.leftMs, 50_000);
  clock.advanceAtOnce(50_000);
  assert.deepEqual([told, await isGone()], [["drain", "park", "dissolve"], true]);
});

test("[P6] DRAIN_DEADLINE=0 waits for ever", () => {
  const { clock, lifecycle } = house(2, { deadlineMs: 0 });
  lifecycle.signal();
  clock.advanceAtOnce(10_000_000);
  assert.deepEqual([lifecycle.stage, lifecycle.leftMs], ["draining", undefined]);
});

test("[P6] in service, a room that ends ends nothing else", async () => {
  const { lifecycle, state, isGone } = house(1);
  state.rooms = 0;
  lifecycle.settle();
  assert.deepEqual([lifecycle.stage, await isGone()], ["serving", false]);
});
