/** The rules, at a table without a server. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "croupier/game";
import { RoomAtHand } from "croupier/testing";
import { game } from "./game.ts";
import { Command, Hand, ShowSchema } from "./gen/game_pb.ts";

/** Users 1 and 2 sit, and have heard what there was to hear. */
function table(): RoomAtHand {
  const room = new RoomAtHand(game);
  room.sit(1);
  room.sit(2);
  room.hush();
  return room;
}

function show(room: RoomAtHand, user: number, hand: Hand): void {
  room.send(user, encode(Command.SHOW, ShowSchema, { hand }));
}

test("nobody sees a hand before both have shown one", () => {
  const room = table();
  show(room, 1, Hand.ROCK);
  assert.deepEqual(room.heard(2), ['shown {"user":"1"}']);
  show(room, 2, Hand.PAPER);
  assert.deepEqual(room.heard(1), [
    'shown {"user":"1"}',
    'shown {"user":"2"}',
    'result {"hands":{"1":"HAND_ROCK","2":"HAND_PAPER"},"winner":"2","points":{"2":1}}',
  ]);
});

test("who is waited for in vain has lost the round", () => {
  const room = table();
  show(room, 1, Hand.SCISSORS);
  room.advance(10_000);
  assert.equal(room.heard(2).at(-1), 'result {"hands":{"1":"HAND_SCISSORS"},"winner":"1","points":{"1":1}}');
});

test("a second hand, and what is no hand, are refused", () => {
  const room = table();
  show(room, 2, 7 as Hand);
  show(room, 1, Hand.ROCK);
  show(room, 1, Hand.PAPER);
  assert.deepEqual([room.heard(1).at(-1), room.heard(2)[0]], ["Error 10001 already shown a hand", "Error 116 bad request"]);
});

test("a restart in the middle of a round goes on", () => {
  const room = table();
  show(room, 1, Hand.SCISSORS);
  room.advance(4_000);
  room.restart();
  room.hush();
  room.advance(6_000);
  assert.match(room.heard(1)[0] ?? "", /^result .*"winner":"1"/);
});
