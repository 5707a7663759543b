/** Dice against every row of PROTOCOL §4, and the orders of PROTOCOL §2 that are its own. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { frame } from "#protocol/frame.ts";
import { Command as DiceCommand } from "#protocol/gen/dice_pb.ts";
import { Command } from "#protocol/gen/frame_pb.ts";
import { RoomAtHand, type RoomAtHandOptions } from "#tests/support/room_at_hand.ts";
import { type DiceState, dice } from "./dice.ts";

/** A table with these users seated from seat 0 on; what that brought is forgotten. */
function table(users: number[], options: RoomAtHandOptions = {}): RoomAtHand {
  const room = new RoomAtHand(dice, options);
  for (const user of users) room.sit(user);
  room.hush();
  return room;
}

/** The same, between two games: 1 and 2 have rolled 6 and 3. */
function idleTable(options: RoomAtHandOptions = {}): RoomAtHand {
  const room = table([1, 2], options);
  room.shake(1, 6);
  room.shake(2, 3);
  room.hush();
  return room;
}

test("[PROTOCOL §4] open: playing from the start; the first player's scene says so", () => {
  const room = new RoomAtHand(dice);
  room.sit(1);
  assert.deepEqual(room.heard(1), ["SitDown 1@0", "Scene playing {}"]);
  assert.equal(room.room.summary()?.phase, "playing");
});

test("[PROTOCOL §4] a game lasts 30 s, the pause 5 s, and then DiceStart 30000", () => {
  const room = table([1]);
  room.advance(29_999);
  assert.deepEqual(room.heard(1), []);
  room.advance(1);
  assert.deepEqual(room.heard(1), ["Settlement [] {}"]);
  room.advance(4_999);
  assert.deepEqual(room.heard(1), []);
  room.advance(1);
  assert.deepEqual(room.heard(1), ["Start 30000"]);
});

test("[PROTOCOL §4] sit while playing: my points shown, others' hidden", () => {
  const room = table([1, 2, 3]);
  room.shake(1, 6);
  room.sit(4);
  assert.equal(room.heard(4).at(-1), 'Scene playing {"1":0}');
  room.leave(1, "drop");
  room.sit(1);
  assert.equal(room.heard(1).at(-1), 'Scene playing {"1":6}');
});

test("[PROTOCOL §4] sit while idle: the last game's points in full", () => {
  const room = idleTable();
  room.sit(3);
  assert.equal(room.heard(3).at(-1), 'Scene idle {"1":6,"2":3}');
});

test("[PROTOCOL §2.4][PROTOCOL §4] shake: told without points to others, with points to the roller, then the end", () => {
  const room = table([1, 2]);
  room.sit(7, { watch: true });
  room.hush();
  room.shake(1, 6);
  assert.deepEqual([room.heard(1), room.heard(2), room.heard(7)], [["Shake 1 6"], ["Shake 1"], ["Shake 1"]]);
  room.shake(2, 3);
  const settlement = 'Settlement [1] {"1":6,"2":3}';
  assert.deepEqual(
    [room.heard(1), room.heard(2), room.heard(7)],
    [
      ["Shake 2", settlement],
      ["Shake 2 3", settlement],
      ["Shake 2", settlement],
    ],
  );
});

test("[PROTOCOL §4] a random roll is 1..6", () => {
  const seen = new Set<number>();
  for (let user = 1; user <= 300; user++) {
    const room = table([user]);
    room.room.value.random.drawn = user;
    room.shake(user);
    seen.add((room.state as DiceState).points[user] ?? 0);
  }
  assert.deepEqual([...seen].toSorted(), [1, 2, 3, 4, 5, 6]);
});

test("[PROTOCOL §4] shake while idle: Error 102, for a watcher and for garbage too", () => {
  const room = idleTable();
  room.sit(7, { watch: true });
  room.hush();
  room.shake(1, 5);
  room.shake(7);
  room.send(2, frame(DiceCommand.SHAKE, new Uint8Array([8])));
  for (const user of [1, 7, 2]) assert.deepEqual(room.heard(user), ["Error 102 status mismatch"]);
});

test("[PROTOCOL §4] shake by a watcher while playing: Error 103, before his body is looked at", () => {
  const room = table([1]);
  room.sit(7, { watch: true });
  room.hush();
  room.shake(7, 99);
  assert.deepEqual(room.heard(7), ["Error 103 watcher can't operate"]);
});

test("[PROTOCOL §4] shake again: Error 10001, before the body is looked at", () => {
  const room = table([1]);
  room.shake(1, 6);
  room.hush();
  room.shake(1, 99);
  assert.deepEqual(room.heard(1), ["Error 10001 already shaken the dice"]);
  assert.equal((room.state as DiceState).points[1], 6);
});

test("[PROTOCOL §4] shake again while idle: Error 102", () => {
  const room = idleTable();
  room.shake(1);
  assert.deepEqual(room.heard(1), ["Error 102 status mismatch"]);
});

test("[PROTOCOL §4] preset faces in development: 1..6, another number is Error 116", () => {
  for (const face of [7, 99, -1, 2 ** 31 - 1]) {
    const room = table([1]);
    room.shake(1, face);
    assert.deepEqual(room.heard(1), ["Error 116 bad request"], String(face));
    assert.deepEqual((room.state as DiceState).points, {});
  }
});

test("[PROTOCOL §4] in production the preset number is ignored", () => {
  const presets = Array.from({ length: 12 }, (_, at) => {
    const room = table([1], { development: false });
    room.room.value.random.drawn = at;
    room.shake(1, at < 6 ? 6 : 99);
    return (room.state as DiceState).points[1];
  });
  assert.ok(presets.every((points) => points !== undefined && points >= 1 && points <= 6));
  assert.ok(presets.slice(0, 6).some((points) => points !== 6));
});

for (const how of ["stand", "drop"] as const) {
  test(`[PROTOCOL §4][PROTOCOL §2.3] ${how} while playing, rolled: refused, offline, seat kept, the leaver hears nothing`, () => {
    const room = table([1, 2, 3]);
    room.shake(1, 6);
    room.hush();
    room.leave(1, how);
    assert.deepEqual([room.heard(1), room.heard(2), room.heard(3)], [[], ["Online -1"], ["Online -1"]]);
    assert.deepEqual(room.room.users, [1, 2, 3]);
  });

  test(`[PROTOCOL §4][PROTOCOL §2.3] ${how} while idle, rolled: allowed, StandUp to those who remain`, () => {
    const room = idleTable();
    room.leave(1, how);
    assert.deepEqual([room.heard(1), room.heard(2)], [[], ["StandUp 1"]]);
    assert.deepEqual(room.room.users, [2]);
  });

  test(`[PROTOCOL §4] ${how} while playing, not rolled: allowed`, () => {
    const room = table([1, 2]);
    room.leave(1, how);
    assert.deepEqual([room.heard(1), room.heard(2)], [[], ["StandUp 1"]]);
  });

  test(`[PROTOCOL §4] ${how} by a watcher: allowed, playing and idle`, () => {
    for (const room of [table([1, 2]), idleTable()]) {
      room.sit(7, { watch: true });
      room.hush();
      room.leave(7, how);
      assert.deepEqual([room.heard(7), room.heard(1)], [[], ["StandUp 7"]]);
    }
  });
}

test("[PROTOCOL §4] timer: settles while playing, starts while idle", () => {
  const room = idleTable();
  room.advance(5_000);
  assert.deepEqual(room.heard(1), ["Start 30000"]);
  room.advance(30_000);
  assert.deepEqual(room.heard(1), ["Settlement [] {}"]);
});

test("[PROTOCOL §4] the timer of a game that ended early does not end the next one early", () => {
  const room = table([1, 2]);
  room.advance(10_000);
  room.shake(1, 1);
  room.shake(2, 2);
  room.hush();
  room.advance(5_000);
  room.advance(29_999);
  assert.deepEqual(room.heard(1), ["Start 30000"]);
  room.advance(1);
  assert.deepEqual(room.heard(1), ["Settlement [] {}"]);
});

test("[PROTOCOL §2.6][PROTOCOL §4] dissolve while playing: settlement, StandUp of the offline, Disconnect 1", () => {
  const room = table([1, 2, 3]);
  room.shake(1, 6);
  room.leave(1, "drop");
  room.hush();
  room.dissolve();
  assert.deepEqual(room.heard(2), ['Settlement [1] {"1":6}', "StandUp 1", "Disconnect 1"]);
  assert.ok(room.room.isOver);
});

test("[PROTOCOL §2.6][PROTOCOL §4] dissolve while idle: Disconnect 1 only", () => {
  const room = idleTable();
  room.dissolve();
  assert.deepEqual([room.heard(1), room.heard(2)], [["Disconnect 1"], ["Disconnect 1"]]);
});

test("[PROTOCOL §4] an unknown command: Error 101, playing and idle", () => {
  for (const room of [table([1, 2]), idleTable()]) {
    room.send(1, frame(177));
    room.send(1, frame(DiceCommand.SETTLEMENT));
    room.send(1, frame(Command.ONLINE));
    assert.deepEqual(room.heard(1), ["Error 101 unknown command: 177", "Error 101 unknown command: 104", "Error 101 unknown command: 5"]);
  }
});

test("[PROTOCOL §4] early end needs two rolls: a lone player waits 30 s", () => {
  const room = table([1]);
  room.shake(1, 4);
  assert.deepEqual(room.heard(1), ["Shake 1 4"]);
  room.advance(30_000);
  assert.deepEqual(room.heard(1), ['Settlement [1] {"1":4}']);
});

test("[PROTOCOL §4] early end waits for every occupied playing seat, not for watchers", () => {
  const room = table([1, 2, 3]);
  room.sit(7, { watch: true });
  room.shake(1, 1);
  room.shake(2, 2);
  room.hush();
  room.shake(3, 3);
  assert.deepEqual(room.heard(1), ["Shake 3", 'Settlement [3] {"1":1,"2":2,"3":3}']);
});

test("[PROTOCOL §4] someone leaving does not end the game early", () => {
  const room = table([1, 2, 3]);
  room.shake(1, 1);
  room.shake(2, 2);
  room.hush();
  room.leave(3, "stand");
  assert.deepEqual(room.heard(1), ["StandUp 3"]);
  room.advance(30_000);
  assert.deepEqual(room.heard(1), ['Settlement [2] {"1":1,"2":2}']);
});

test("[PROTOCOL §4] settle: all with the maximum win, also one who is offline", () => {
  const room = table([1, 2, 3]);
  room.shake(1, 5);
  room.leave(1, "drop");
  room.shake(2, 5);
  room.hush();
  room.shake(3, 2);
  assert.deepEqual(room.heard(2), ["Shake 3", 'Settlement [1 2] {"1":5,"2":5,"3":2}', "StandUp 1"]);
});

test("[PROTOCOL §4] settle: players who rolled count one more game", () => {
  const room = idleTable();
  assert.deepEqual((room.state as DiceState).games, { "1": 1, "2": 1 });
  room.advance(5_000);
  room.shake(1, 1);
  room.advance(30_000);
  assert.deepEqual((room.state as DiceState).games, { "1": 2, "2": 1 });
});

test("[PROTOCOL §3][PROTOCOL §4] a settlement that finds every playing seat empty dissolves: watchers get Disconnect 1", () => {
  const room = table([1]);
  room.sit(7, { watch: true });
  room.leave(1, "stand");
  room.hush();
  room.advance(30_000);
  assert.deepEqual(room.heard(7), ["Settlement [] {}", "Disconnect 1"]);
  assert.ok(room.room.isOver);
});

test("[PROTOCOL §4] the last one to drop after a roll leaves a room that settles and dissolves", () => {
  const room = table([1]);
  room.shake(1, 6);
  room.leave(1, "drop");
  assert.ok(!room.room.isOver);
  room.advance(30_000);
  assert.ok(room.room.isOver);
  assert.deepEqual(room.gone, [1]);
});

test("[PROTOCOL §4] an absent seat is not removed by a settlement (ARCHITECTURE §1, absent)", () => {
  const room = table([1, 2]);
  room.cut(1);
  room.hush();
  room.advance(30_000);
  assert.deepEqual(room.heard(2), ["Settlement [] {}"]);
  assert.deepEqual(room.room.users, [1, 2]);
});

test("[PROTOCOL §3] Print shows a reader only what a scene would show him", () => {
  const room = table([1, 2, 3]);
  room.shake(1, 6);
  room.hush();
  room.send(1, frame(Command.PRINT));
  room.send(2, frame(Command.PRINT));
  assert.match(room.heard(1).join(), /user 1: 6/);
  assert.match(room.heard(2).join(), /user 1: rolled/);
  assert.doesNotMatch(room.room.print(), /user 1: 6/);
});

test("[PROTOCOL §3] in production Print is refused to players", () => {
  const room = table([1], { development: false });
  room.send(1, frame(Command.PRINT));
  assert.deepEqual(room.heard(1), ["Error 117 not allowed"]);
});
