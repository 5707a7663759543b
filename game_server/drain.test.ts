/** P6: what becomes of rooms when their server drains. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "#runtime/clock_manual.ts";
import { readSettings } from "#runtime/settings.ts";
import { Drain } from "./drain.ts";
import type { MoverEvents } from "./mover.ts";
import type { Room } from "./room.ts";

/** A drain of a server with these rooms that writes down what its rooms are told to do. */
function drainWith(setting: string, mayPark: boolean, hasPeers = false, rooms: Room[] = []) {
  const clock = new ManualClock();
  const told: string[] = [];
  const events: MoverEvents[] = [];
  const mover = {
    begin: (event: MoverEvents) => {
      told.push("move");
      events.push(event);
    },
    stop: () => {},
  };
  const drain = new Drain({
    settings: readSettings({ DRAIN: setting }),
    ...{ clock, mayPark, leftMs: () => 1000, onKind: () => {} },
    rooms: { all: () => rooms, drain: () => told.push("drain"), undoDrain: () => told.push("undo"), park: () => told.push("park") },
    mover: hasPeers ? mover : undefined,
  });
  return { clock, drain, told, find: () => events.at(-1)?.onBegun(), stick: () => events.at(-1)?.onStuck() };
}

for (const [setting, hasPeers, mayPark, kind] of [
  ["move", true, true, "move"],
  ["move", true, false, "move"],
  ["move", false, true, "park"],
  ["move", false, false, "wait"],
  ["park", true, true, "park"],
  ["park", true, false, "wait"],
  ["wait", true, true, "wait"],
  ["wait", true, false, "wait"],
] as const) {
  const name = `DRAIN=${setting}, ${hasPeers ? "peers" : "no peers"}, a successor ${mayPark ? "promised" : "not promised"}: rooms ${kind}`;
  test(`[P6] ${name}`, () => {
    const { drain, told } = drainWith(setting, mayPark, hasPeers);
    assert.equal(drain.kind, kind);
    drain.begin();
    assert.deepEqual([drain.kind, told], [kind, kind === "wait" ? ["drain"] : ["drain", kind]]);
  });
}

test("[P6] rooms that nobody takes are parked for a promised successor, else they wait", () => {
  const parked = drainWith("move", true, true);
  parked.drain.begin();
  parked.stick();
  assert.deepEqual([parked.drain.kind, parked.told, parked.drain.undo()], ["park", ["drain", "move", "park"], false]);
  const waiting = drainWith("move", false, true);
  waiting.drain.begin();
  waiting.stick();
  waiting.stick();
  assert.deepEqual([waiting.drain.kind, waiting.told, waiting.clock.pending], ["wait", ["drain", "move"], 1]);
  assert.equal(waiting.drain.isStuck, true);
  assert.deepEqual([waiting.drain.undo(), waiting.drain.kind, waiting.clock.pending], [true, "move", 0]);
  assert.equal(waiting.drain.isStuck, false);
});

test("[P6] a second signal while takers are looked for parks for a promised successor, as it would have without the look", () => {
  const looking = drainWith("move", true, true);
  looking.drain.begin();
  looking.drain.dissolve();
  assert.deepEqual([looking.drain.kind, looking.told, looking.clock.pending], ["park", ["drain", "move", "park"], 0]);
  for (const [mayPark, begun] of [
    [true, true],
    [false, false],
  ] as const) {
    const dissolved = drainWith("move", mayPark, true);
    dissolved.drain.begin();
    if (begun) dissolved.find();
    dissolved.drain.dissolve();
    assert.deepEqual([dissolved.told, dissolved.clock.pending], [["drain", "move"], 0]);
  }
});

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

test("[P7] many rooms hear a notice in parts, each a turn of its own, and all of them before the next one", async () => {
  let heard = 0;
  const room = { tellAll: () => heard++ } as unknown as Room;
  const { drain, clock } = drainWith("wait", false, false, Array(50_000).fill(room));
  drain.begin();
  assert.ok(heard > 0 && heard <= 1000, `${heard} in one turn`);
  clock.advanceAtOnce(4999);
  assert.equal(heard, 50_000);
  clock.advanceAtOnce(1);
  assert.ok(heard > 50_000 && heard <= 51_000, "the next one begins");
  drain.undo();
  const before = heard;
  clock.advanceAtOnce(60_000);
  assert.deepEqual([heard, clock.pending], [before, 0], "nobody is told of a drain that was taken back");
});

test("[P6][P7] rooms that are parked hear of it at once, however many they are", () => {
  let heard = 0;
  const room = { tellAll: () => heard++ } as unknown as Room;
  const { drain, clock } = drainWith("park", true, false, Array(5000).fill(room));
  drain.begin();
  assert.deepEqual([heard, clock.pending], [5000, 0]);
});
