/** Which JSON becomes a room: all that a room of ours is written down as, and nothing that would break one later. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PeerAtHand } from "#tests/support/peer_at_hand.ts";
import { RoomAtHand } from "#tests/support/room_at_hand.ts";
import { dice } from "./games/dice/dice.ts";
import { readRoomText, readStored } from "./room_reading.ts";
import type { RoomValue } from "./room_value.ts";

const way = { is: "online", gate: "f1", session: 1, last: 1, after: 0 };
const seat = { user: 1, index: 0, claims: {}, way };
const output = { number: 1, flags: 0, to: { f1: [1] }, frame: "" };

function room(changed: object = {}): object {
  return { ...PeerAtHand.room("dice", "1"), seats: [seat], outbox: { last: 1, kept: [output], dropped: { f1: 0 } }, ...changed };
}

function read(value: unknown): RoomValue {
  return readRoomText(JSON.stringify(value));
}

test("[P10] a room is read as it was written, whatever has happened in it, fields of a newer release too", () => {
  const table = new RoomAtHand(dice, { options: '{"a":1}' });
  table.confirms = false;
  for (const user of [3, 1, 2]) table.sit(user, { claims: { name: "Ada" } });
  table.shake(1, 6);
  table.leave(1, "drop");
  table.cut(2);
  table.loseGate();
  for (const ms of [0, 31_000, 6_000]) {
    table.advance(ms);
    const { value } = table.room;
    assert.deepEqual(read(value), JSON.parse(JSON.stringify(value)));
  }
  const incoming = room({ passage: { is: "incoming", offer: "a", from: "b" }, colour: "red", state: null });
  assert.deepEqual(read(incoming), incoming);
});

const wrong: Readonly<Record<string, object>> = {
  "a room: outbox.last": { outbox: { last: 0.5, kept: [], dropped: {} } },
  "a room: outbox": { outbox: { last: 0, kept: [output], dropped: {} } },
  "a room: outbox.kept.0.to": { outbox: { last: 1, kept: [{ ...output, to: JSON.parse('{"__proto__":[1]}') }], dropped: {} } },
  "a room: timers.tick.everyMs": { timers: { tick: { dueMs: 0, everyMs: 1 } } },
  "a room: timers.late.dueMs": { timers: { late: { dueMs: 1e300, everyMs: 0 } } },
  "a room: seats.1.user": { seats: [seat, { ...seat, index: 1, user: 0 }] },
  "a room: seats": { seats: [seat, { ...seat, index: 1 }] },
  "a room: seats.0.way.session": { seats: [{ ...seat, way: { ...way, is: "absent", sinceMs: 1, session: -1 } }] },
  "a room: options": { options: "[]" },
  "a room: version": { version: -1 },
  "a room: epoch": { epoch: 2 ** 32 },
  "a room: life": { life: "__proto__" },
  "a room: passage.is": { passage: { is: "lost" } },
};

for (const [what, changed] of Object.entries(wrong)) {
  test(`[P10] it is not ${what}`, () => {
    assert.throws(() => read(room(changed)), { message: `it is no ${what.slice(2)}` });
  });
}

test("[P10] what is none says nothing of what it holds", () => {
  for (const text of ["", "a secret", '"a secret"', "null", "[]"]) assert.throws(() => readRoomText(text), { message: "it is no room" });
});

test("[P10] of a journal's room only the outline is read at once, under its own life", () => {
  const { life } = room() as RoomValue;
  assert.equal(readStored(life, JSON.stringify(room({ timers: 7 }))).life, life);
  assert.throws(() => readStored("another", JSON.stringify(room())), /another life's/);
  assert.throws(() => readStored(life, JSON.stringify({ is: "gone", life })), { message: "it is no note of a room: game" });
});
