/** The room by itself: orders of PROTOCOL §2, the table of PROTOCOL §3, and what a broken game does (P10). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dice } from "#game_server/games/dice/dice.ts";
import { encode, frame } from "#protocol/frame.ts";
import { Command, DisconnectReason, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import { Refused } from "#protocol/refusals.ts";
import { RoomAtHand, type RoomAtHandOptions } from "#tests/support/room_at_hand.ts";
import type { Game, Table } from "./game.ts";

function table(users: number[], options: RoomAtHandOptions = {}): RoomAtHand {
  const room = new RoomAtHand(dice, options);
  for (const user of users) room.sit(user);
  room.hush();
  return room;
}

function sitFrame(metadata: Record<string, string>) {
  return encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "dice", ...metadata } });
}

/** A game that does what the test says when a command comes. */
function scripted(onMessage: (table: Table, command: number) => void, more: Partial<Game<unknown>> = {}): Game<unknown> {
  return {
    name: "scripted",
    version: 1,
    seats: 2,
    open: (t) => {
      t.startTimer("keep", 3_600_000);
      return {};
    },
    arrive: () => {},
    leave: () => true,
    message: (t, _state, _player, command) => onMessage(t, command),
    timer: () => {},
    dissolve: () => {},
    phase: () => "open",
    print: () => "",
    ...more,
  };
}

test("[PROTOCOL §2.1] first sit: those already there by ascending seat, then me to all, then my scene", () => {
  const room = table([]);
  room.sit(5, { seat: 2 });
  room.sit(6, { seat: 0 });
  room.sit(9, { watch: true });
  room.hush();
  room.sit(1);
  assert.deepEqual(room.heard(1), ["SitDown 6@0", "SitDown 5@2", "SitDown 9@4", "SitDown 1@1", "Scene playing {}"]);
  for (const user of [5, 6, 9]) assert.deepEqual(room.heard(user), ["SitDown 1@1"]);
});

test("[PROTOCOL §2.1] an offline user is announced as offline, an absent one as online", () => {
  const room = table([1, 2]);
  room.shake(1, 6);
  room.leave(1, "drop");
  room.cut(2);
  room.sit(3);
  assert.deepEqual(room.heard(3).slice(0, 2), ["SitDown 1@0 offline", "SitDown 2@1"]);
});

test("[PROTOCOL §2.2] coming back: Online to all, me included, then my scene; room and seat asked for are ignored", () => {
  const room = table([1, 2]);
  room.shake(1, 6);
  room.leave(1, "drop");
  room.hush();
  room.sit(1, { seat: 3, watch: true });
  assert.deepEqual(room.heard(1), ["Online 1", 'Scene playing {"1":6}']);
  assert.deepEqual(room.heard(2), ["Online 1"]);
});

test("[PROTOCOL §3] a newer connection takes the seat: the older one hears Disconnect 2 and nothing more", () => {
  const room = table([2]);
  const older = room.sit(1);
  room.hush();
  const newer = room.sit(1);
  room.shake(1, 6);
  assert.deepEqual(room.heardBy(older), ["Disconnect 2"]);
  assert.deepEqual(room.heardBy(newer), ["Online 1", "Scene playing {}", "Shake 1 6"]);
  assert.deepEqual(room.heard(2), ["Online 1", "Shake 1"]);
  assert.deepEqual(room.room.users, [2, 1]);
});

test("[PROTOCOL §3] the seat asked for if it is free, otherwise the lowest free one, otherwise a watcher's", () => {
  const room = table([], { playing: 3 });
  room.sit(1, { seat: 2 });
  room.sit(2, { seat: 2 });
  room.sit(3, { seat: 99_999 });
  room.sit(4, { seat: 1 });
  room.sit(5, { seat: -2 });
  assert.deepEqual(room.room.summary(), { id: "1", seats: 3, free: 0, watchers: 2, phase: "playing" });
  assert.deepEqual(
    room.room.value.seats.map(({ user, index }) => `${user}@${index}`),
    ["2@0", "3@1", "1@2", "4@3", "5@4"],
  );
});

test("[PROTOCOL §3] watch=true takes the lowest free watcher index, also when seats are free", () => {
  const room = table([], { playing: 2 });
  for (const user of [1, 2, 3]) room.sit(user, { watch: true });
  room.leave(2, "stand");
  room.sit(4, { watch: true });
  assert.deepEqual(
    room.room.value.seats.map(({ user, index }) => `${user}@${index}`),
    ["1@2", "4@3", "3@4"],
  );
});

test("[P7][PROTOCOL §6] watchers are limited; then the room is full", () => {
  const room = table([1, 2], { playing: 1, watchersMax: 1 });
  assert.equal(room.room.hasRoomFor(-1, false), false);
  assert.equal(room.room.hasRoomFor(-1, true), false);
});

test("[PROTOCOL §1] SitDown in the same room: the scene again, for me alone", () => {
  const room = table([1, 2]);
  for (const metadata of [{ room_id: "1" }, { room_id: "1", seat: "3" }, {}]) room.send(1, sitFrame(metadata));
  assert.deepEqual(room.heard(1), ["Scene playing {}", "Scene playing {}", "Scene playing {}"]);
  assert.deepEqual(room.heard(2), []);
});

test("[PROTOCOL §1] SitDown for another room or game by a seated session: Error 113, and it stays", () => {
  const room = table([1]);
  room.send(1, sitFrame({ room_id: "2" }));
  room.send(1, sitFrame({ room_id: "1", game_name: "rocket" }));
  room.send(1, sitFrame({ game_name: "rocket" }));
  assert.deepEqual(room.heard(1), Array(3).fill("Error 113 in another room"));
  assert.deepEqual(room.room.users, [1]);
});

test("[PROTOCOL §1] SitDown with mode=create in the room that exists: Error 117", () => {
  const room = table([1]);
  room.send(1, sitFrame({ room_id: "1", mode: "create" }));
  assert.deepEqual(room.heard(1), ["Error 117 not allowed"]);
});

test("[PROTOCOL §3] a watcher who sits down again moves to a free seat: StandUp, then SitDown to all, then his scene", () => {
  const room = table([1]);
  room.sit(7, { watch: true });
  room.hush();
  room.send(7, sitFrame({ room_id: "1", seat: "2" }));
  assert.deepEqual(room.heard(7), ["StandUp 7", "SitDown 7@2", "Scene playing {}"]);
  assert.deepEqual(room.heard(1), ["StandUp 7", "SitDown 7@2"]);
});

test("[PROTOCOL §3] seat −1 moves a watcher to the lowest free seat; a taken seat, watch=true or a full table only show the scene", () => {
  const room = table([1], { playing: 2 });
  room.sit(7, { watch: true });
  room.hush();
  room.send(7, sitFrame({ seat: "0" }));
  room.send(7, sitFrame({ watch: "true" }));
  assert.deepEqual(room.heard(7), ["Scene playing {}", "Scene playing {}"]);
  room.send(7, sitFrame({ seat: "-1" }));
  assert.deepEqual(room.heard(7), ["StandUp 7", "SitDown 7@1", "Scene playing {}"]);
  room.sit(8);
  room.hush();
  room.send(8, sitFrame({ seat: "-1" }));
  assert.deepEqual(room.heard(8), ["Scene playing {}"]);
});

test("[PROTOCOL §1.3] a seated session's broken SitDown is refused and nothing moves", () => {
  const room = table([1]);
  room.send(1, frame(Command.SIT_DOWN, new Uint8Array([255])));
  room.send(1, sitFrame({ room_id: "0" }));
  assert.deepEqual(room.heard(1), ["Error 116 bad request", "Error 116 bad request"]);
});

test("[P3] a repeat is acknowledged and not applied, a gap is neither", () => {
  const room = table([1]);
  room.shake(1, 6);
  room.hush();
  const [session] = room.acked.keys();
  assert.equal(room.acked.get(session ?? 0), 2);
  const again = frame(Command.PRINT);
  assert.equal(room.room.input(room, 1, 2, again), true);
  assert.equal(room.room.input(room, 1, 5, again), false, "the gate is to attach again");
  room.advance(0);
  assert.deepEqual(room.heard(1), []);
  assert.equal(room.acked.get(1), 2);
});

test("[P4] a seat whose way we cut is kept, nobody is told, and its user comes back as in PROTOCOL §2.2", () => {
  const room = table([1, 2]);
  room.cut(1);
  room.advance(29_000);
  assert.deepEqual(room.heard(2), []);
  room.sit(1);
  assert.deepEqual([room.heard(1), room.heard(2)], [["Online 1", "Scene playing {}"], ["Online 1"]]);
});

test("[P4] after HOLD an absent seat counts as left: the game is asked", () => {
  const agreed = table([1, 2], { holdMs: 20_000 });
  agreed.cut(1);
  agreed.advance(19_999);
  assert.deepEqual(agreed.heard(2), []);
  agreed.advance(1);
  assert.deepEqual(agreed.heard(2), ["StandUp 1"]);

  const refused = table([1, 2], { holdMs: 20_000 });
  refused.shake(1, 6);
  refused.hush();
  refused.cut(1);
  refused.advance(20_000);
  assert.deepEqual(refused.heard(2), ["Online -1"]);
  assert.deepEqual(refused.room.users, [1, 2]);
});

test("[P7] a drain writes down no room that it does not end: there may be many", () => {
  const [empty, played] = [table([]), table([1])];
  empty.sit(9, { watch: true });
  const { touches } = played;
  for (const room of [empty, played]) room.drain();
  assert.deepEqual([empty.room.isOver, played.room.isOver, played.touches], [true, false, touches]);
});

test("[P4] HOLD=0 keeps an absent seat for ever", () => {
  const room = table([1, 2], { holdMs: 0 });
  room.cut(1);
  room.advance(3_600_000);
  assert.deepEqual(room.room.users, [1, 2]);
});

test("[P10] a handler that throws ends its room: it has said nothing, and everyone gets Disconnect 1", () => {
  const room = new RoomAtHand(
    scripted((t) => {
      t.sendAll(frame(500));
      throw new Error("a bug in the rules");
    }),
  );
  room.sit(1);
  room.sit(2, { watch: true });
  room.hush();
  room.send(1, frame(100));
  assert.deepEqual([room.heard(1), room.heard(2)], [["Disconnect 1"], ["Disconnect 1"]]);
  assert.ok(room.room.isOver);
  assert.equal(room.counts.crashes, 1);
  assert.deepEqual(room.gone.toSorted(), [1, 2]);
});

for (const handler of ["arrive", "leave", "timer", "dissolve"] as const) {
  test(`[P10] a game whose ${handler} throws ends its room only`, () => {
    const broken = () => {
      throw new Error("a bug in the rules");
    };
    const room = new RoomAtHand(scripted(() => {}, { [handler]: broken }));
    room.sit(1);
    if (handler === "leave") room.leave(1, "stand");
    if (handler === "timer") room.advance(3_600_000);
    if (handler === "dissolve") room.dissolve();
    assert.ok(room.room.isOver);
    assert.equal(room.counts.crashes, 1);
  });
}

test("[P3][P4] what a session sends while its room is frozen is neither applied nor acknowledged: it is given again", () => {
  const room = table([1, 2]);
  const session = room.sit(3);
  room.hush();
  room.room.freeze();
  room.shake(1, 6);
  room.leave(2, "stand");
  assert.deepEqual([room.acked.get(session - 2), room.acked.get(session - 1)], [undefined, undefined]);
  assert.deepEqual(room.heard(3), []);
  room.room.thaw(1);
  room.advance(0);
  assert.deepEqual(room.heard(3).slice(0, 2), ["Shake 1", "StandUp 2"]);
});

test("[P1][P10] a question that throws does not end a room that is being given away", () => {
  let isBroken = false;
  const phase = (): string => {
    if (isBroken) throw new Error("a bug in the rules");
    return "open";
  };
  const room = new RoomAtHand(scripted(() => {}, { phase }));
  room.sit(1);
  room.room.freeze();
  isBroken = true;
  room.hush();
  assert.deepEqual([room.room.summary(), room.room.isFrozen, room.heard(1)], [undefined, true, []]);
  room.room.thaw(1);
  assert.deepEqual([room.room.summary(), room.room.isOver], [undefined, true]);
});

test("[P10] a room whose state is no plain data when it is frozen ends, and nobody waits for its thaw", async () => {
  const room = new RoomAtHand(scripted(() => {}));
  room.sit(1);
  (room.state as { poison?: unknown }).poison = 1n;
  room.room.freeze();
  let isMelted = false;
  void room.room.melted.then(() => {
    isMelted = true;
  });
  room.room.writeDown();
  await Promise.resolve();
  assert.deepEqual([room.room.isOver, isMelted], [true, true]);
});

test("[P10] a refusal thrown by a game refuses and ends nothing", () => {
  const room = new RoomAtHand(
    scripted(() => {
      throw new Refused("notAllowed");
    }),
  );
  room.sit(1);
  room.hush();
  room.send(1, frame(100));
  assert.deepEqual(room.heard(1), ["Error 117 not allowed"]);
  assert.deepEqual(room.refusals, [117]);
  assert.ok(!room.room.isOver);
});

test("[contract] a game may stand a user up: he hears it too, and his session is out", () => {
  const room = new RoomAtHand(scripted((t) => t.standUp(1)));
  room.sit(1);
  room.sit(2);
  room.hush();
  room.send(2, frame(100));
  assert.deepEqual([room.heard(1), room.heard(2)], [["StandUp 1"], ["StandUp 1"]]);
  assert.deepEqual(room.room.users, [2]);
});

test("[contract] a game may disconnect a user with a reason", () => {
  const room = new RoomAtHand(scripted((t) => t.disconnect(1, DisconnectReason.REPLACED)));
  room.sit(1);
  room.sit(2);
  room.hush();
  room.send(2, frame(100));
  assert.deepEqual([room.heard(1), room.heard(2)], [["Disconnect 2"], ["StandUp 1"]]);
});

test("[contract] a game may move a watcher to a seat and a player to the watchers", () => {
  const moves: boolean[] = [];
  const room = new RoomAtHand(scripted((t, command) => moves.push(command === 100 ? t.moveToWatch(1) : t.moveToSeat(1, 1))));
  room.sit(1);
  room.hush();
  room.send(1, frame(100));
  room.send(1, frame(101));
  room.send(1, frame(101));
  assert.deepEqual(moves, [true, true, false]);
  assert.deepEqual(room.heard(1), ["StandUp 1", "SitDown 1@2", "StandUp 1", "SitDown 1@1"]);
});

test("[contract] a game that dissolves its room ends it when the handler has returned", () => {
  const room = new RoomAtHand(
    scripted((t) => {
      t.dissolve();
      t.sendAll(frame(500));
    }),
  );
  room.sit(1);
  room.hush();
  room.send(1, frame(100));
  assert.deepEqual(room.heard(1), ["500 (0 bytes)", "Disconnect 1"]);
});

test("[contract] a player's claims reach the game, and options its open", () => {
  let seen: unknown;
  const room = new RoomAtHand(
    scripted(() => {}, {
      open: (_t, options) => ({ options }),
      arrive: (_t, _state, player) => {
        seen = player.claims;
      },
    }),
    { options: '{"stake":5}' },
  );
  assert.deepEqual(room.state, { options: { stake: 5 } });
  room.sit(1, { claims: { name: "Ada" } });
  assert.deepEqual(seen, { name: "Ada" });
});

test("[P7] a room in which nobody is and nothing is due is over", () => {
  const room = new RoomAtHand(scripted(() => {}, { open: () => ({}) }));
  room.sit(1);
  room.leave(1, "stand");
  assert.ok(room.room.isOver);
});

test("[PROTOCOL §3][P6] while a server drains, a room whose playing seats are all empty dissolves at once", () => {
  const room = table([1]);
  room.sit(7, { watch: true });
  room.drain();
  assert.ok(!room.room.isOver);
  room.hush();
  room.leave(1, "stand");
  assert.deepEqual(room.heard(7), ["StandUp 1", "Settlement [] {}", "Disconnect 1"]);
  assert.ok(room.room.isOver);
});

test("[PROTOCOL §3][P6] a draining server's empty room ends when the drain begins", () => {
  const room = table([]);
  room.sit(7, { watch: true });
  room.drain();
  assert.ok(room.room.isOver);
});
