/** Named timers as data. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Timers, type TimerValue } from "./timers.ts";

test("[P11] timers are taken in the order in which they are due, of two at once the one started first", () => {
  const timers = new Timers({});
  timers.start("b", 20);
  timers.start("a", 10);
  timers.start("c", 20);
  assert.equal(timers.takeDue(9), undefined);
  assert.deepEqual([timers.takeDue(25), timers.takeDue(25), timers.takeDue(25), timers.takeDue(25)], ["a", "b", "c", undefined]);
});

test("[P11] a timer started again is due once, at the new time", () => {
  const timers = new Timers({});
  timers.start("a", 10);
  timers.start("a", 30);
  assert.equal(timers.takeDue(20), undefined);
  assert.equal(timers.takeDue(30), "a");
  assert.equal(timers.nextMs, undefined);
});

test("[P11] a ticker keeps its beat, and beats that have passed are left out", () => {
  const timers = new Timers({});
  timers.startTicker("tick", 0, 100);
  assert.equal(timers.takeDue(130), "tick");
  assert.equal(timers.nextMs, 200);
  assert.equal(timers.takeDue(1_010), "tick");
  assert.equal(timers.takeDue(1_010), undefined);
  assert.equal(timers.nextMs, 1_100);
});

test("[P7] a ticker has a shortest period", () => {
  const timers = new Timers({});
  timers.startTicker("tick", 0, 0);
  assert.equal(timers.nextMs, 10);
});

test("timers are plain data: what was written down goes on", () => {
  const value: Record<string, TimerValue> = {};
  new Timers(value).start("a", 10);
  const restored = new Timers(JSON.parse(JSON.stringify(value)) as Record<string, TimerValue>);
  assert.equal(restored.takeDue(10), "a");
});
