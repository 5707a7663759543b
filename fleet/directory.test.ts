/**
 * What every kind of directory must do (ARCHITECTURE §4), and what the memory kind does besides.
 * The link kind is tested against a memory directory behind a real gate's keeper.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ManualClock } from "#tests/support/manual_clock.ts";
import type { Life } from "./directory.ts";
import { MemoryDirectory } from "./directory_memory.ts";

const hourMs = 3_600_000;

function open() {
  const clock = new ManualClock();
  return { clock, directory: new MemoryDirectory(clock) };
}

let lives = 0;

/** A life of dice room `room`, owned by `owner`; every one is another. */
function life(room: string, owner = "A", more: Partial<Life> = {}): Life {
  lives += 1;
  return { game: "dice", room, life: lives.toString(16).padStart(16, "0"), owner, epoch: 1, boot: 1, openedAtMs: 1000, ...more };
}

const claimed = { is: "claimed" };

test("[directory] a claim opens the life, and both the room and the user lead to it", async () => {
  const { directory } = open();
  const one = life("1");
  assert.deepEqual(await directory.find(7, "dice", "1"), { place: undefined, room: undefined });
  assert.deepEqual(await directory.claim(one, 7), claimed);
  assert.deepEqual(await directory.find(7, "dice", undefined), { place: one, room: undefined });
  assert.deepEqual(await directory.find(8, "dice", "1"), { place: undefined, room: one });
});

test("[P1] of two lives for one name the first claim wins, whoever asks", async () => {
  const { directory } = open();
  const [first, second] = [life("1", "A"), life("1", "B")];
  const answers = await Promise.all([directory.claim(first, 7), directory.claim(second, 8)]);
  assert.deepEqual(answers, [claimed, { is: "name taken", holder: first }]);
});

test("[PROTOCOL §3] a user holds one room in the fleet", async () => {
  const { directory } = open();
  const [one, two] = [life("1"), life("2", "B")];
  await directory.claim(one, 7);
  assert.deepEqual(await directory.claim(two, 7), { is: "user elsewhere", holder: one });
  assert.deepEqual(await directory.find(8, "dice", "2"), { place: undefined, room: undefined });
});

test("[directory] leaving compare-and-deletes: a claim for another life stays", async () => {
  const { directory } = open();
  const [one, two] = [life("1"), life("2")];
  await directory.claim(one, 7);
  directory.release(two.life, 7);
  assert.equal((await directory.find(7, "dice", undefined)).place, one);
  directory.release(one.life, 7);
  assert.equal((await directory.find(7, "dice", undefined)).place, undefined);
  assert.deepEqual(await directory.claim(two, 7), claimed);
});

test("[directory] the end of a life frees its name and its users; a late end of an older life frees nothing", async () => {
  const { directory } = open();
  const [older, younger] = [life("1"), life("1")];
  await directory.claim(older, 7);
  directory.end(older);
  assert.deepEqual(await directory.claim(younger, 7), claimed);
  directory.end(older);
  assert.equal((await directory.find(7, "dice", "1")).room, younger);
});

test("[directory] an announcement is the owner's whole truth: what it does not name is over", async () => {
  const { directory } = open();
  const [one, two, others] = [life("1"), life("2"), life("3", "B")];
  await directory.claim(one, 7);
  await directory.claim(two, 8);
  await directory.claim(others, 9);
  assert.deepEqual(directory.announce("A", [{ life: two, users: [8, 10] }]), { lives: [], users: [] });
  assert.deepEqual(await directory.find(7, "dice", "1"), { place: undefined, room: undefined });
  assert.equal((await directory.find(10, "dice", undefined)).place, two);
  assert.equal((await directory.find(9, "dice", undefined)).place, others);
});

test("[directory] of two announced lives of one name the older wins, whoever tells first", () => {
  const older = life("1", "A", { openedAtMs: 1000 });
  const younger = life("1", "B", { openedAtMs: 2000 });
  for (const order of [
    [older, younger],
    [younger, older],
  ]) {
    const { directory } = open();
    const lost = order.flatMap((one) => directory.announce(one.owner, [{ life: one, users: [] }]).lives);
    assert.deepEqual(lost, [younger]);
    assert.equal(directory.lives, 1);
  }
});

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

test("[directory] an announcement replaces who sits in a life; a user known elsewhere stays there, and his other seat is told", async () => {
  const { directory } = open();
  const [one, two] = [life("1", "A"), life("2", "B")];
  directory.announce("A", [{ life: one, users: [7, 8] }]);
  directory.announce("A", [{ life: one, users: [8] }]);
  assert.equal((await directory.find(7, "dice", undefined)).place, undefined);
  assert.deepEqual(directory.announce("B", [{ life: two, users: [8, 9] }]), { lives: [], users: [{ life: two, user: 8 }] });
  assert.equal((await directory.find(8, "dice", undefined)).place, one);
});

test("[directory] an owner that comes back after its lives were abandoned loses their names to those opened anew", async () => {
  const { clock, directory } = open();
  const [old, fresh] = [life("1", "A", { openedAtMs: 1 }), life("1", "B", { openedAtMs: 2 })];
  await directory.claim(old, 7);
  directory.silent("A", hourMs);
  clock.advanceAtOnce(hourMs);
  assert.equal(directory.lives, 0);
  await directory.claim(fresh, 8);
  assert.deepEqual(directory.announce("A", [{ life: old, users: [7] }]).lives, [old]);
  assert.equal((await directory.find(9, "dice", "1")).room, fresh);
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
