/** Rocket: the game that ticks. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf, commandOf, decode, type Frame, frame } from "#protocol/frame.ts";
import { BurstNoticeSchema, Command, JumpNoticeSchema, SceneNoticeSchema, TickNoticeSchema } from "#protocol/gen/rocket_pb.ts";
import { readable } from "#tests/support/readable.ts";
import { RoomAtHand } from "#tests/support/room_at_hand.ts";
import { type RocketState, rocket } from "./rocket.ts";

function line(bytes: Frame): string {
  const body = bodyOf(bytes);
  switch (commandOf(bytes)) {
    case Command.SCENE: {
      const { flying, height, crew } = decode(SceneNoticeSchema, body);
      return `Scene ${flying ? "flying" : "waiting"} ${height} ${JSON.stringify(crew)}`;
    }
    case Command.TICK:
      return `Tick ${decode(TickNoticeSchema, body).height}`;
    case Command.JUMP: {
      const { userId, height } = decode(JumpNoticeSchema, body);
      return `Jump ${userId} ${height}`;
    }
    case Command.BURST: {
      const { height, winner, crew } = decode(BurstNoticeSchema, body);
      return `Burst ${height} [${winner.join(" ")}] ${JSON.stringify(crew)}`;
    }
    default:
      return readable(bytes);
  }
}

/** A flight under way, with these users aboard, that bursts at 50. */
function flight(users: number[]): RoomAtHand {
  const room = new RoomAtHand(rocket, { readable: line });
  for (const user of users) room.sit(user);
  room.advance(3_000);
  (room.state as RocketState).burstHeight = 50;
  room.hush();
  return room;
}

test("[rocket] launches three seconds after it opened, then ticks ten times a second", () => {
  const room = new RoomAtHand(rocket, { readable: line });
  room.sit(1);
  assert.deepEqual(room.heard(1), ["SitDown 1@0", "Scene waiting 0 {}"]);
  room.advance(3_000);
  (room.state as RocketState).burstHeight = 50;
  room.advance(1_000);
  assert.deepEqual(room.heard(1), ["Tick 0", ...Array.from({ length: 10 }, (_, at) => `Tick ${at + 1}`)]);
});

test("[rocket] who jumps last before the burst wins", () => {
  const room = flight([1, 2, 3]);
  room.advance(1_000);
  room.send(1, frame(Command.JUMP));
  room.advance(1_000);
  room.send(2, frame(Command.JUMP));
  room.hush();
  room.advance(3_000);
  assert.equal(room.heard(1).at(-1), 'Burst 50 [2] {"1":10,"2":20,"3":0}');
});

test("[rocket] the flight ends when everyone has jumped, and the ticker with it", () => {
  const room = flight([1]);
  room.advance(200);
  room.hush();
  room.send(1, frame(Command.JUMP));
  assert.deepEqual(room.heard(1), ["Jump 1 2", 'Burst 2 [1] {"1":2}']);
  room.advance(2_999);
  assert.deepEqual(room.heard(1), []);
  room.advance(1);
  assert.deepEqual(room.heard(1), ["Tick 0"]);
});

test("[rocket] jumping twice, too late, from outside or while watching is refused", () => {
  const room = flight([1, 2]);
  room.sit(3);
  room.sit(7, { watch: true });
  room.send(1, frame(Command.JUMP));
  room.hush();
  for (const user of [1, 3, 7]) room.send(user, frame(Command.JUMP));
  assert.deepEqual(
    [room.heard(1), room.heard(3), room.heard(7)],
    [["Error 20001 already jumped"], ["Error 102 status mismatch"], ["Error 103 watcher can't operate"]],
  );
  room.send(1, frame(299));
  assert.deepEqual(room.heard(1), ["Error 101 unknown command: 299"]);
});

test("[rocket] no scene and no dump tells the height of the burst", () => {
  const room = flight([1]);
  room.sit(2);
  assert.doesNotMatch(room.heard(2).join(), /50/);
  assert.doesNotMatch(room.room.print(), /50/);
});

test("[rocket] a rocket that nobody boards ends its room", () => {
  const room = new RoomAtHand(rocket);
  room.sit(1);
  room.leave(1, "stand");
  room.advance(3_000);
  assert.ok(room.room.isOver);
});

test("[rocket][P11] a restart in mid-flight goes on at the same height, on the same beat", () => {
  const room = flight([1]);
  room.advance(1_050);
  room.hush();
  room.restart();
  room.advance(150);
  assert.deepEqual(room.heard(1), ["Tick 11", "Tick 12"]);
});
