/** What every kind of directory must do (ARCHITECTURE §4): one suite, run against each. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type DirectoryAtHand, directoryKinds } from "#tests/support/directory_kinds.ts";
import { life } from "#tests/support/lives.ts";
import type { Life } from "./directory.ts";

const agreed = { lives: [], users: [], moved: [] };
const claimed = { is: "claimed" };
const nowhere = { place: undefined, room: undefined };

/** The same rule for every kind. */
function everyKind(name: string, check: (directory: DirectoryAtHand) => Promise<void>): void {
  for (const [kind, open] of Object.entries(directoryKinds)) {
    test(`${name} (${kind})`, async (t) => {
      const directory = await open(t);
      if (directory !== undefined) await check(directory);
    });
  }
}

everyKind("[directory] a claim opens the life, and the room, the user and the life itself lead to it", async ({ gate, server }) => {
  const one = life("1");
  assert.deepEqual(await gate.find(7, "dice", "1"), nowhere);
  assert.deepEqual(await server("A").claim(one, 7), claimed);
  assert.deepEqual(await gate.find(7, "dice", undefined), { place: one, room: undefined });
  assert.deepEqual(await gate.find(8, "dice", "1"), { place: undefined, room: one });
  assert.deepEqual(await gate.where(one.life), { life: one, offer: "" });
  assert.equal(await gate.where("ffffffffffffffff"), undefined);
});

everyKind("[P1] of two lives for one name the first claim wins, whoever asks", async ({ server }) => {
  const [first, second] = [life("1", "A"), life("1", "B")];
  const answers = await Promise.all([server("A").claim(first, 7), server("B").claim(second, 8)]);
  assert.deepEqual(answers, [claimed, { is: "name taken", holder: first }]);
});

everyKind("[PROTOCOL §3] a user holds one room in the fleet", async ({ gate, server }) => {
  const [one, two] = [life("1", "A"), life("2", "B")];
  await server("A").claim(one, 7);
  assert.deepEqual(await server("B").claim(two, 7), { is: "user elsewhere", holder: one });
  assert.deepEqual(await gate.find(8, "dice", "2"), nowhere);
});

everyKind("[directory] a claim made twice is one claim", async ({ gate, server }) => {
  const one = life("1");
  for (let times = 0; times < 2; times++) assert.deepEqual(await server("A").claim(one, 7), claimed);
  server("A").release(one.life, 7);
  assert.deepEqual(await gate.find(7, "dice", "1"), { place: undefined, room: one });
});

everyKind("[directory] leaving compare-and-deletes: a claim for another life stays", async ({ gate, server }) => {
  const [one, two] = [life("1"), life("2")];
  await server("A").claim(one, 7);
  server("A").release(two.life, 7);
  assert.deepEqual((await gate.find(7, "dice", undefined)).place, one);
  server("A").release(one.life, 7);
  assert.equal((await gate.find(7, "dice", undefined)).place, undefined);
  assert.deepEqual(await server("A").claim(two, 7), claimed);
});

everyKind(
  "[directory] the end of a life frees its name and its users; a late end of an older life frees nothing",
  async ({ gate, server }) => {
    const [older, younger] = [life("1"), life("1")];
    await server("A").claim(older, 7);
    server("A").end(older);
    assert.deepEqual(await server("A").claim(younger, 7), claimed);
    server("A").end(older);
    assert.deepEqual(await gate.find(7, "dice", "1"), { place: younger, room: younger });
  },
);

everyKind("[directory] an announcement is the owner's whole truth: what it does not name is over", async ({ gate, server, announce }) => {
  const [one, two, others] = [life("1"), life("2"), life("3", "B")];
  await server("A").claim(one, 7);
  await server("A").claim(two, 8);
  await server("B").claim(others, 9);
  assert.deepEqual(await announce("A", [{ life: two, users: [8, 10] }]), agreed);
  assert.deepEqual(await gate.find(7, "dice", "1"), nowhere);
  assert.deepEqual((await gate.find(10, "dice", undefined)).place, two);
  assert.deepEqual((await gate.find(9, "dice", undefined)).place, others);
});

everyKind("[directory] an owner without lives says so, and nothing of it stays", async ({ gate, server, announce }) => {
  await server("A").claim(life("1"), 7);
  await announce("A", []);
  assert.deepEqual(await gate.find(7, "dice", "1"), nowhere);
});

for (const order of ["the older first", "the younger first"]) {
  everyKind(`[P1] of two announced lives of one name the older wins, ${order}`, async ({ gate, announce }) => {
    const older = life("1", "A", { openedAtMs: 1000 });
    const younger = life("1", "B", { openedAtMs: 2000 });
    const told = [older, younger];
    for (const one of order === "the older first" ? told : told.toReversed()) await announce(one.owner, [{ life: one, users: [] }]);
    assert.deepEqual((await announce("A", [{ life: older, users: [] }])).lives, []);
    assert.deepEqual((await announce("B", [{ life: younger, users: [] }])).lives, [younger], "its owner hears of it");
    assert.deepEqual((await gate.find(9, "dice", "1")).room, older);
  });
}

everyKind("[directory] a user announced in two lives stays where he is known, and his other seat is told", async ({ gate, announce }) => {
  const [one, two] = [life("1", "A"), life("2", "B")];
  await announce("A", [{ life: one, users: [7, 8] }]);
  await announce("A", [{ life: one, users: [8] }]);
  assert.equal((await gate.find(7, "dice", undefined)).place, undefined, "an announcement replaces who sits there");
  assert.deepEqual(await announce("B", [{ life: two, users: [8, 9] }]), { ...agreed, users: [{ life: two, user: 8 }] });
  assert.deepEqual((await gate.find(8, "dice", undefined)).place, one);
  assert.deepEqual((await gate.find(9, "dice", undefined)).place, two);
});

everyKind("[P8] while learning, what is not known is not taken for free; what is known works", async (directory) => {
  const { gate, server, announce, forget, learned } = directory;
  const known = life("1");
  await server("A").claim(known, 7);
  await forget();
  await announce("A", [{ life: known, users: [7] }]);
  for (const room of ["1", "2"])
    await assert.rejects(gate.find(8, "dice", room), { desc: "try again" }, "the user may sit where nobody has told yet");
  await assert.rejects(server("A").claim(life("2"), 8), { desc: "try again" });
  await assert.rejects(server("A").claim(known, 8), { desc: "try again" });
  await assert.rejects(gate.where("ffffffffffffffff"), { desc: "try again" });
  assert.deepEqual((await gate.find(7, "dice", "1")).place, known);
  assert.deepEqual((await gate.where(known.life))?.life, known);
  assert.deepEqual(await server("A").claim(known, 7), claimed);
  await learned();
  assert.deepEqual(await server("A").claim(life("2"), 9), claimed);
});

everyKind("[directory] a silent owner keeps its names until ABANDON_AFTER, and not after", async ({ gate, server, announce, silence }) => {
  const [old, fresh] = [life("1", "A"), life("1", "B")];
  await announce("A", [{ life: old, users: [7] }]);
  await silence("A", "almost");
  assert.deepEqual(await server("B").claim(fresh, 8), { is: "name taken", holder: old });
  await silence("A", "enough");
  assert.deepEqual(await gate.find(7, "dice", "1"), nowhere);
  assert.deepEqual(await server("B").claim(fresh, 7), claimed);
});

everyKind("[directory] an owner that comes back after its lives were abandoned loses those opened anew", async (directory) => {
  const { gate, server, announce, silence } = directory;
  const [old, other] = [life("1", "A", { openedAtMs: 1 }), life("2", "A", { openedAtMs: 1 })];
  const fresh = life("1", "B", { openedAtMs: 2 });
  await announce("A", [
    { life: old, users: [7] },
    { life: other, users: [] },
  ]);
  await silence("A", "enough");
  assert.deepEqual(await server("B").claim(fresh, 8), claimed);
  const back = await announce("A", [
    { life: old, users: [7] },
    { life: other, users: [9] },
  ]);
  assert.deepEqual(back.lives, [old]);
  // What is on its way to another server cannot be ended before it is known whose it is.
  const again = await announce("A", [
    { life: old, users: [7] },
    { life: other, users: [9] },
  ]);
  assert.deepEqual(again.lives, [old], "whoever tells it again is the older one, and loses again");
  assert.deepEqual(await gate.find(9, "dice", "1"), { place: other, room: fresh }, "what nobody opened is its own again");
});

/** The life at its next owner. */
function at(life: Life, owner: string, epoch = life.epoch + 1): Life {
  return { ...life, owner, epoch };
}

everyKind("[P1] a move is one step: the life, its name and everyone in it are the taker's", async ({ gate, server }) => {
  const one = life("1");
  const moved = at(one, "B");
  await server("A").claim(one, 7);
  assert.equal(await server("A").move(one, moved, "o1"), "moved");
  assert.deepEqual(await gate.where(one.life), { life: moved, offer: "o1" });
  assert.deepEqual(await server("B").where(one.life), { life: moved, offer: "o1" });
  assert.deepEqual(await gate.find(7, "dice", "1"), { place: moved, room: moved });
  assert.equal(await server("A").move(one, moved, "o1"), "moved", "asked twice, it was made once");
});

everyKind("[P1] a move of what is not the giver's at its epoch is lost, by whatever offer", async ({ gate, server }) => {
  const one = life("1");
  await server("A").claim(one, 7);
  await server("A").move(one, at(one, "B"), "o1");
  assert.equal(await server("A").move(one, at(one, "C"), "o2"), "lost");
  assert.equal(await server("A").move(one, at(one, "B"), "o2"), "lost");
  assert.deepEqual(await gate.where(one.life), { life: at(one, "B"), offer: "o1" });
});

everyKind("[P1] a move of a life that the directory does not know is no answer", async ({ server, forget }) => {
  const one = life("1");
  await assert.rejects(server("A").move(one, at(one, "B"), "o1"));
  await server("A").claim(one, 7);
  await forget();
  await assert.rejects(server("A").move(one, at(one, "B"), "o1"), "while learning, neither");
});

everyKind("[P1] raised is what is greater: then a late move is lost, and a late raise changes nothing", async ({ gate, server }) => {
  const one = life("1");
  await server("A").claim(one, 7);
  server("A").raise(at(one, "A", 3));
  assert.equal(await server("A").move(one, at(one, "B"), "o1"), "lost");
  server("A").raise(at(one, "A", 2));
  assert.deepEqual(await gate.where(one.life), { life: at(one, "A", 3), offer: "" });
  assert.deepEqual((await gate.find(7, "dice", undefined)).place, at(one, "A", 3));
});

everyKind(
  "[P1] after a move the old owner's words change nothing: no end, no release, no announcement",
  async ({ gate, server, announce }) => {
    const one = life("1");
    const moved = at(one, "B");
    await server("A").claim(one, 7);
    await server("A").move(one, moved, "o1");
    server("A").end(one);
    assert.deepEqual(await announce("A", []), agreed);
    assert.deepEqual(await announce("A", [{ life: one, users: [7, 8] }]), { ...agreed, moved: [one] });
    assert.deepEqual(await gate.find(7, "dice", "1"), { place: moved, room: moved });
    assert.equal((await gate.find(8, "dice", undefined)).place, undefined);
  },
);

everyKind("[P1] an announcement does not end what is unsettled: a life on its way here, or back", async ({ gate, server, announce }) => {
  const one = life("1");
  const moved = at(one, "B");
  await server("A").claim(one, 7);
  await server("A").move(one, moved, "o1");
  assert.deepEqual(await announce("B", [], [{ life: one.life, owner: "", epoch: 0 }]), agreed);
  assert.deepEqual(await gate.where(one.life), { life: moved, offer: "o1" });
  assert.deepEqual(await announce("B", [{ life: moved, users: [7] }]), agreed);
  assert.deepEqual((await gate.find(7, "dice", "1")).place, moved);
  assert.deepEqual(await announce("B", []), agreed);
  assert.deepEqual(await gate.find(7, "dice", "1"), nowhere);
});

everyKind("[P1] an owner that knows whose a life is since then says so: it is not named for what it gave back", async (kind) => {
  const { gate, server, announce } = kind;
  const one = life("1");
  const moved = at(one, "B");
  await server("A").claim(one, 7);
  await server("A").move(one, moved, "o1"); // late: A has taken its offer back, and plays on at epoch 3
  for (const epoch of [1, 2]) await announce("B", [], [{ life: one.life, owner: "A", epoch }]);
  assert.deepEqual(await gate.where(one.life), { life: moved, offer: "o1" }, "what is not newer changes nothing");
  await announce("B", [], [{ life: one.life, owner: "A", epoch: 3 }]);
  assert.deepEqual(await gate.where(one.life), { life: { ...moved, owner: "A", epoch: 3 }, offer: "" });
  assert.deepEqual((await gate.find(7, "dice", "1")).place?.owner, "A");
  assert.deepEqual(await announce("A", []), agreed);
  assert.deepEqual(await gate.find(7, "dice", "1"), nowhere, "and A ends it, if it is over there");
});

everyKind("[P1] of one life the higher epoch wins, whoever tells last", async ({ gate, server, announce }) => {
  const one = life("1");
  await server("A").claim(one, 7);
  assert.deepEqual(await announce("B", [{ life: at(one, "B"), users: [7] }]), agreed);
  assert.deepEqual((await gate.find(7, "dice", "1")).place, at(one, "B"));
  assert.deepEqual(await announce("A", [{ life: one, users: [7] }]), { ...agreed, moved: [one] });
  assert.deepEqual((await gate.find(7, "dice", "1")).place, at(one, "B"));
});

everyKind(
  "[directory] an operator frees the rooms of a server that is gone; should it come back, opened names are others'",
  async (kind) => {
    const { gate, server, announce } = kind;
    const [one, two, younger] = [life("1"), life("2"), life("1", "B", { openedAtMs: 2000 })];
    await server("A").claim(one, 7);
    await server("A").claim(two, 8);
    assert.equal(await gate.abandon("A"), 2);
    assert.equal(await gate.abandon("A"), 0);
    assert.deepEqual(await server("B").claim(younger, 9), claimed);
    const all = [one, two].map((back, at) => ({ life: back, users: [7 + at] }));
    assert.deepEqual(await announce("A", all), { ...agreed, lives: [one] });
    assert.deepEqual((await gate.find(8, "dice", "2")).room, two);
  },
);
