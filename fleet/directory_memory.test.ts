/** What the directory in memory does besides what every kind does (directory.test.ts): time, and learning. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "#runtime/clock_manual.ts";
import { life } from "#tests/support/lives.ts";
import { MemoryDirectory } from "./directory_memory.ts";

const hourMs = 3_600_000;

function open() {
  const clock = new ManualClock();
  return { clock, directory: new MemoryDirectory(clock) };
}

const claimed = { is: "claimed" };

test("[P8] while learning, what is not known is not taken for free; what is known works", async () => {
  const { clock, directory } = open();
  const known = life("1");
  directory.learn();
  directory.announce("A", [{ life: known, users: [7] }]);
  for (const room of ["1", "2"]) {
    const unknownUser = directory.find(8, "dice", room);
    clock.advanceAtOnce(3_000);
    await assert.rejects(unknownUser, { desc: "try again" }, "the user may sit where nobody has told yet");
  }
  await assert.rejects(directory.claim(life("2"), 8), { desc: "try again" });
  await assert.rejects(directory.claim(known, 8), { desc: "try again" });
  assert.equal((await directory.find(7, "dice", "1")).place, known);
  assert.deepEqual(await directory.claim(known, 7), claimed);
  directory.learned();
  assert.deepEqual(await directory.claim(life("2"), 9), claimed);
});

test("[P8] a question asked while learning is answered as soon as the directory has learned", async () => {
  const { clock, directory } = open();
  directory.learn();
  const one = life("1");
  const asked = directory.find(7, "dice", "1");
  directory.announce("A", [{ life: one, users: [7] }]);
  directory.learned();
  assert.deepEqual(await asked, { place: one, room: one });
  assert.equal(clock.pending, 0);
});

test("[directory] a silent owner keeps its names until ABANDON_AFTER, and not after", async () => {
  const { clock, directory } = open();
  const [old, fresh] = [life("1", "A"), life("1", "B")];
  await directory.claim(old, 7);
  directory.silent("A", hourMs);
  clock.advanceAtOnce(hourMs - 1);
  assert.deepEqual(await directory.claim(fresh, 8), { is: "name taken", holder: old });
  clock.advanceAtOnce(1);
  assert.deepEqual(await directory.find(7, "dice", "1"), { place: undefined, room: undefined });
  assert.deepEqual(await directory.claim(fresh, 7), claimed);
});

test("[directory] an owner that is heard again is silent no more", async () => {
  const { clock, directory } = open();
  const one = life("1");
  await directory.claim(one, 7);
  directory.silent("A", hourMs);
  clock.advanceAtOnce(hourMs - 1);
  directory.announce("A", [{ life: one, users: [7] }]);
  clock.advanceAtOnce(hourMs);
  assert.equal((await directory.find(7, "dice", "1")).place, one);
});

test("[directory] an owner that is gone for good is forgotten with all it had", async () => {
  const { directory } = open();
  await directory.claim(life("1"), 7);
  directory.forget("A");
  assert.deepEqual(await directory.find(7, "dice", "1"), { place: undefined, room: undefined });
});
