/**
 * A room and its gates: a way that is lost, what is kept meanwhile, and what each end gives the other when the gate is
 * back (P3, P4). Gates `a` and `b` lead to one dice table; whoever sits at `b` sees whether anybody was told.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dice } from "#game_server/games/dice/dice.ts";
import { frame } from "#protocol/frame.ts";
import { Command, DisconnectReason } from "#protocol/gen/frame_pb.ts";
import { type Log, silentLog } from "#runtime/log.ts";
import { GateAtHand } from "#tests/support/gate_at_hand.ts";
import { RoomAtHand, type RoomAtHandOptions } from "#tests/support/room_at_hand.ts";
import type { Game, Table } from "./game.ts";
import { outputsMax } from "./outbox.ts";
import { Room } from "./room.ts";
import type { RoomValue } from "./room_value.ts";

const holdMs = 20_000;

class Host extends RoomAtHand {
  overs = 0;
  dones = 0;

  override over(): void {
    this.overs += 1;
  }

  override done(): void {
    this.dones += 1;
  }
}

/** Users 1 and 2 at gate a, user 3 at gate b; everything said so far is confirmed and forgotten. */
function table({ game = dice, ...options }: RoomAtHandOptions & { game?: Game<unknown> } = {}) {
  const host = new Host(game, { holdMs, ...options });
  const [a, b] = [new GateAtHand(host, "00000000000000aa"), new GateAtHand(host, "00000000000000bb")];
  for (const user of [1, 2]) a.sit(user);
  b.sit(3);
  a.confirm();
  b.confirm();
  a.hush();
  b.hush();
  const advance = (ms: number): void => {
    host.clock.advanceAtOnce(ms);
    a.turn();
  };
  const way = (user: number): string => host.room.value.seats.find((seat) => seat.user === user)?.way.is ?? "none";
  /** User 3 makes the room say so many things, to everybody. */
  const chat = (count: number): void => {
    for (let i = 0; i < count; i++) host.room.tellAll(frame(600));
    a.turn();
  };
  return { host, a, b, advance, way, chat };
}

/** The server dies; another one goes on with what was written down, and no gate has come yet. */
function restore(host: Host): void {
  const written = JSON.stringify(host.room.value);
  host.room.stop();
  host.room = Room.restore(JSON.parse(written) as RoomValue, dice, host);
}

/** The log of the events that were logged as errors. */
function errorLog(): { log: Log; errors: string[] } {
  const errors: string[] = [];
  const log: Log = { ...silentLog, error: (event) => errors.push(event), with: () => log };
  return { log, errors };
}

test("[P4] a link that is lost makes its sessions absent: their seats are kept and nobody is told", () => {
  const { host, a, b, advance, way } = table();
  a.lose();
  advance(holdMs - 1);
  assert.deepEqual([1, 2, 3].map(way), ["absent", "absent", "online"]);
  assert.deepEqual(b.heard(3), []);
  assert.deepEqual(host.room.users, [1, 2, 3]);
  assert.match(host.room.print(), /user 1, absent/);
});

test("[P3][P4] a gate that is back has its seats again, and what it missed, in order and once", () => {
  const { a, b, way } = table();
  a.lose();
  b.shake(3, 5);
  b.sit(4);
  assert.deepEqual([a.heard(1), a.outputs], [[], []], "nothing is said into a link that is lost");
  const { seated, gone } = a.attach([1, 2]);
  assert.deepEqual(seated, [
    { session: a.session(1), last: 1 },
    { session: a.session(2), last: 1 },
  ]);
  assert.deepEqual([gone, way(1), way(2)], [[], "online", "online"]);
  for (const user of [1, 2]) assert.deepEqual(a.heard(user), ["Shake 3", "SitDown 4@3"]);
  a.shake(1, 6);
  assert.deepEqual([a.heard(1), a.heard(2)], [["Shake 1 6"], ["Shake 1"]]);
  assert.deepEqual(
    a.outputs,
    a.outputs.toSorted((x, y) => x - y),
  );
  assert.equal(new Set(a.outputs).size, a.outputs.length, "no output came twice");
});

test("[P3] what this very turn says comes at its end, and is not given as missed too", () => {
  const { host, a, b } = table();
  a.lose();
  b.shake(3, 5);
  host.room.tellAll(frame(600));
  const { missed } = a.attachQuietly([1, 2]);
  a.take(missed);
  assert.deepEqual(a.heard(1), ["Shake 3"]);
  a.turn();
  assert.deepEqual(a.heard(1), ["600 (0 bytes)"]);
  assert.equal(new Set(a.outputs).size, a.outputs.length, "no output came twice");
});

test("[P3] a gate that attaches twice is given nothing twice", () => {
  const { a, b } = table();
  a.lose();
  b.shake(3, 5);
  a.attach([1, 2]);
  assert.deepEqual(a.attach([1, 2]).missed, []);
  assert.equal(a.outputs.length, 1);
});

test("[P3] a gate that missed nothing confirms by attaching; what it had confirmed is not given again", () => {
  const { host, a, b } = table();
  b.shake(3, 5);
  b.confirm();
  a.lose();
  assert.ok(!host.room.value.outbox.kept.every(({ to }) => to[a.gate] === undefined));
  assert.deepEqual(a.attach([1, 2]).missed, []);
  assert.deepEqual(host.room.value.outbox.kept, []);
});

test("[P3] after an attach: what follows the last applied is applied, a repeat is acknowledged only, a gap asks to attach again", () => {
  const { a, b, host } = table();
  a.shake(1, 6);
  a.lose();
  assert.equal(a.attach([1, 2]).seated[0]?.last, 2);
  b.hush();
  a.hush();
  a.acked.clear();
  assert.equal(a.shakeAs(1, 2, 6), true);
  assert.deepEqual([a.heard(1), a.acked.get(a.session(1))], [[], 2], "a repeat");
  assert.equal(a.shakeAs(1, 4, 6), false, "a gap");
  assert.deepEqual([a.heard(1), a.acked.get(a.session(1))], [[], 2]);
  assert.equal(a.shakeAs(1, 3, 6), true);
  assert.deepEqual([a.heard(1), a.acked.get(a.session(1))], [["Error 10001 already shaken the dice"], 3]);
  assert.deepEqual([b.heard(3), host.refusals], [[], [10_001]]);
});

test("[P3] what comes for a session whose way is lost is neither applied nor acknowledged", () => {
  const { a, b } = table();
  a.lose();
  assert.equal(a.shakeAs(1, 2, 6), true, "it is held back until the gate attaches");
  assert.deepEqual([a.acked.size, b.heard(3)], [0, []]);
  a.attach([1, 2]);
  assert.equal(a.shakeAs(1, 2, 6), true);
  assert.deepEqual([a.acked.get(a.session(1)), b.heard(3)], [2, ["Shake 1"]]);
});

test("[P3] a leave that is given again is acknowledged, and nobody leaves twice; a gap before it asks to attach again", () => {
  const { a, b, host } = table();
  assert.equal(a.leave(1, "drop", 3), false);
  assert.deepEqual([a.acked.size, host.room.users], [0, [1, 2, 3]]);
  assert.equal(a.leave(1, "drop", 2), true);
  assert.equal(a.acked.get(a.session(1)), 2);
  a.acked.clear();
  a.lose();
  const { seated, gone } = a.attach([1, 2]);
  assert.deepEqual([seated.length, gone], [1, [{ session: a.session(1), reason: DisconnectReason.RETRY }]]);
  assert.equal(a.leave(1, "drop", 2), true);
  assert.deepEqual([a.acked.get(a.session(1)), b.heard(3)], [2, ["StandUp 1"]]);
});

test("[P4] an absent seat's leave is applied once its gate is back", () => {
  const { a, b } = table();
  a.lose();
  a.attach([1, 2]);
  a.leave(1, "stand");
  assert.deepEqual(b.heard(3), ["StandUp 1"]);
});

test("[P7][P3] a gate that comes back too late: its sessions are gone with RETRY, nothing is given, and their seats stay absent until HOLD", () => {
  const { host, a, b, advance, way, chat } = table();
  b.shake(3, 5);
  a.lose();
  chat(outputsMax + 1);
  b.confirm();
  b.hush();
  const { seated, gone, missed } = a.attach([1, 2]);
  assert.deepEqual([seated, missed], [[], []]);
  assert.deepEqual(
    gone,
    [1, 2].map((user) => ({ session: a.session(user), reason: DisconnectReason.RETRY })),
  );
  assert.deepEqual([1, 2].map(way), ["absent", "absent"]);
  assert.deepEqual([host.sessionsOutdated, host.seatsGivenUp], [2, 0]);
  assert.ok(
    host.room.value.outbox.kept.every(({ to }) => !(a.gate in to)),
    "what is left is of no use to it",
  );
  advance(holdMs - 1);
  assert.deepEqual(b.heard(3), []);
  advance(1);
  assert.deepEqual(b.heard(3), ["StandUp 1", "StandUp 2"]);
  assert.deepEqual([host.sessionsOutdated, host.seatsGivenUp], [2, 2]);
});

test("[P7] one output fewer, and the gate is in time", () => {
  const { a, chat } = table();
  a.lose();
  chat(outputsMax);
  assert.deepEqual([a.attach([1, 2]).seated.length, a.heard(1).length], [2, outputsMax]);
});

test("[P4] who was too late sits down again, on his seat and with a new scene", () => {
  const { a, b, chat } = table();
  a.lose();
  chat(outputsMax + 1);
  b.hush();
  a.attach([1, 2]);
  a.sitWith(a.session(1), 1, 2);
  a.turn();
  assert.deepEqual([a.heard(1), b.heard(3)], [["Online 1", "Scene playing {}"], ["Online 1"]]);
  a.shakeAs(1, 3, 4);
  assert.deepEqual(a.heard(1), ["Shake 1 4"]);
  a.lose();
  b.shake(3, 5);
  const { seated, gone } = a.attach([1]);
  assert.deepEqual([seated.length, gone, a.heard(1)], [1, [], ["Shake 3"]], "and is not too late for ever");
});

test("[P3] a gate that attaches again on the same link has missed nothing, however much is on its way there", () => {
  const { a, way, chat } = table();
  const { last } = a;
  chat(outputsMax + 1);
  a.last = last;
  const { seated, gone, missed } = a.attachQuietly([1, 2]);
  assert.deepEqual([seated.length, gone, missed], [2, [], []]);
  assert.deepEqual([1, 2].map(way), ["online", "online"]);
});

test("[P4] a session that was replaced meanwhile hears Disconnect 2 among what it missed, and its gate nothing more of it", () => {
  const { a, b, way } = table();
  a.lose();
  b.sit(1);
  b.hush();
  const { seated, gone } = a.attach([1, 2]);
  assert.deepEqual([seated.length, gone], [1, []]);
  assert.deepEqual(a.heard(1), ["Disconnect 2"]);
  assert.ok(a.isOut(a.session(1)) && !a.isOut(a.session(2)));
  assert.deepEqual([a.heard(2), way(1)], [["Online 1"], "online"]);
  a.shakeAs(1, 2, 6);
  assert.deepEqual([a.heard(2), b.heard(3)], [[], []], "it has no seat to speak from");
});

test("[P4] a replaced session whose gate has lost that word is gone with REPLACED, and replaces nobody", () => {
  const { a, b, advance, way } = table();
  a.lose();
  b.sit(1);
  advance(holdMs); // what was kept for a is given up
  b.hush();
  const { seated, gone } = a.attach([1, 2]);
  assert.deepEqual(seated, []);
  assert.deepEqual(gone, [
    { session: a.session(1), reason: DisconnectReason.REPLACED },
    { session: a.session(2), reason: DisconnectReason.RETRY },
  ]);
  assert.deepEqual([way(1), b.heard(1)], ["online", []]);
});

test("[P4] a replaced session is gone with REPLACED although its gate was too late", () => {
  const { a, b, chat } = table();
  a.lose();
  b.sit(1);
  chat(outputsMax);
  assert.deepEqual(a.attach([1, 2]).gone, [
    { session: a.session(1), reason: DisconnectReason.REPLACED },
    { session: a.session(2), reason: DisconnectReason.RETRY },
  ]);
});

test("[P4] HOLD over: the game is asked for every seat that is still absent", () => {
  const { a, b, advance, way } = table();
  a.shake(1, 6);
  b.hush();
  a.lose();
  advance(holdMs);
  assert.deepEqual(b.heard(3), ["Online -1", "StandUp 2"], "who has rolled is kept by the game");
  assert.deepEqual([way(1), way(2)], ["offline", "none"]);
});

test("[P4] HOLD counts from the loss, and a gate that was back in between starts it anew", () => {
  const { a, b, advance } = table();
  a.lose();
  advance(holdMs - 1);
  a.attach([1, 2]);
  advance(5_000);
  a.lose();
  b.hush();
  const risen = (): string[] => b.heard(3).filter((line) => line.startsWith("StandUp"));
  advance(holdMs - 1);
  assert.deepEqual(risen(), []);
  advance(1);
  assert.deepEqual(risen(), ["StandUp 1", "StandUp 2"]);
});

test("[P4][P11] HOLD goes on over a restart: it is neither forgotten nor begun anew", () => {
  const { host, a, b, advance, way } = table();
  a.lose();
  host.room.tellAll(frame(600));
  advance(5_000);
  host.restart();
  b.attach([3]);
  b.hush();
  advance(holdMs - 5_001);
  assert.deepEqual([1, 2].map(way), ["absent", "absent"]);
  advance(1);
  assert.deepEqual(b.heard(3), ["StandUp 1", "StandUp 2"]);
  assert.deepEqual([host.room.value.lostGates, a.gate in (host.room.value.outbox.kept[0]?.to ?? {})], [{}, false]);
});

test("[P4] a sit that is taken up again is written down: killed later, its HOLD counts from the kill", () => {
  const { host, a, advance, way } = table();
  const { after } = a.sitWith(900, 4, 1);
  a.lose();
  advance(5_000);
  host.touches = 0;
  assert.equal(a.sitWith(900, 4, 1).after, after);
  assert.ok(host.touches > 0);
  advance(holdMs * 2);
  host.restart();
  advance(holdMs - 1);
  assert.equal(way(4), "absent");
});

test("[P4] HOLD ends for two at once, and the game lets one take the other along: everybody hears it once", () => {
  const leaver: Game<unknown> = {
    ...dice,
    leave: (t) => {
      for (const user of [1, 2]) t.standUp(user);
      return true;
    },
  };
  const { a, b, advance } = table({ game: leaver });
  a.lose();
  advance(holdMs);
  assert.deepEqual(b.heard(3).toSorted(), ["StandUp 1", "StandUp 2"]);
});

test("[P2][P4] a restored room that no gate comes back to goes on by itself: the game's timers, HOLD, its end", () => {
  const { host, advance, way } = table();
  restore(host);
  assert.deepEqual([1, 2, 3].map(way), ["absent", "absent", "absent"]);
  advance(holdMs - 1);
  assert.deepEqual(host.room.users, [1, 2, 3]);
  advance(1);
  assert.deepEqual([host.room.users, host.room.isOver], [[], false], "everybody has left, and the game is not settled yet");
  advance(10_000);
  assert.deepEqual([host.room.isOver, host.room.isDone], [true, true]);
});

test("[P7] what is kept for a lost gate is given up after HOLD, and never with HOLD=0", () => {
  const { host, a, b, advance, chat } = table();
  const kept = (): boolean => host.room.value.outbox.kept.some(({ to }) => a.gate in to);
  a.lose();
  chat(3);
  b.confirm();
  advance(holdMs - 1);
  assert.ok(kept());
  advance(1);
  assert.ok(!kept());
  assert.deepEqual(host.room.value.lostGates, {});

  const forever = table({ holdMs: 0 });
  forever.a.lose();
  forever.chat(3);
  forever.advance(300_000);
  assert.deepEqual(Object.keys(forever.host.room.value.lostGates), [forever.a.gate]);
  assert.ok(forever.a.attach([1, 2]).missed.length > 3);
});

test("[P3] a link that was replaced by a newer one is lost without effect", () => {
  const { host, a, b, way } = table();
  const newer = new GateAtHand(host, a.gate);
  newer.last = a.last;
  host.room.attach(newer, newer.last, [{ session: a.session(1), user: 1, acked: 1 }]);
  a.lose();
  assert.equal(way(1), "online");
  b.shake(3, 5);
  assert.deepEqual(newer.heardBy(a.session(1)), ["Shake 3"]);
});

test("[P4] a newer link, while the older one counts as up: seats that the gate does not claim are absent", () => {
  const { host, a, way } = table();
  const newer = new GateAtHand(host, a.gate);
  newer.last = a.last;
  host.room.attach(newer, newer.last, [{ session: a.session(1), user: 1, acked: 1 }]);
  assert.deepEqual([1, 2].map(way), ["online", "absent"]);
});

test("[P2] a journal that knows less than the gate: what is said now is above all it has heard, what was forgotten is counted and logged", () => {
  const { log, errors } = errorLog();
  const { host, a, b } = table({ log });
  restore(host);
  a.last += 40;
  host.room.tellAll(frame(600)); // before the gate is back
  b.attach([3]);
  b.hush();
  const { seated } = a.attach([1], 5);
  assert.deepEqual(seated, [{ session: a.session(1), last: 5 }]);
  assert.deepEqual([host.inputsForgotten, errors], [4, ["inputs forgotten"]]);
  assert.equal(a.shakeAs(1, 5, 6), true);
  assert.deepEqual(b.heard(3), [], "the gate knows it to be applied");
  assert.equal(a.shakeAs(1, 6, 6), true);
  assert.deepEqual([a.heard(1), b.heard(3)], [["600 (0 bytes)", "Shake 1 6"], ["Shake 1"]]);
});

test("[P2] a gate that knows less than the journal is nothing to log", () => {
  const { log, errors } = errorLog();
  const { host, a } = table({ log });
  a.shake(1, 6);
  a.lose();
  assert.equal(a.attach([1], 1).seated[0]?.last, 2);
  assert.deepEqual([host.inputsForgotten, errors], [0, []]);
});

for (const what of ["the link", "the server"] as const) {
  test(`[P3] a sit whose answer is lost with ${what}: the same sit again is given what it missed, no second seat, and nobody is told twice`, () => {
    const { host, a, b } = table();
    const session = 900;
    const { after } = a.sitWith(session, 4, 1);
    host.room.detach(a); // before the turn ends
    a.turn();
    if (what === "the server") host.restart();
    b.attach([3]);
    b.shake(3, 5);
    b.hush();

    const again = a.sitWith(session, 4, 1);
    assert.equal(again.after, after);
    a.last = again.after;
    a.take(again.missed);
    assert.deepEqual(a.heard(4), ["SitDown 1@0", "SitDown 2@1", "SitDown 3@2", "SitDown 4@3", "Scene playing {}", "Shake 3"]);
    a.turn();
    assert.deepEqual([host.room.users, a.heard(4), b.heard(3)], [[1, 2, 3, 4], [], []]);
    a.shake(4, 2);
    assert.deepEqual([a.heard(4), b.heard(3)], [["Shake 4 2"], ["Shake 4"]]);
  });
}

test("[P3] a sit whose gate has attached meanwhile, for others, is answered anew: the gate passed nothing on to it", () => {
  const { host, a } = table();
  a.sitWith(900, 4, 1);
  host.room.detach(a);
  a.turn();
  a.attach([1, 2]);
  a.heard(4);
  assert.deepEqual(a.sitWith(900, 4, 1).missed, []);
  a.turn();
  assert.deepEqual(
    [a.heard(4), host.room.users],
    [
      ["Online 4", "Scene playing {}"],
      [1, 2, 3, 4],
    ],
  );
});

test("[P3] a later sit of the same session comes back: Online and a scene, and it does not replace itself", () => {
  const { a, b } = table();
  a.sitWith(a.session(1), 1, 2);
  a.turn();
  assert.deepEqual([a.heard(1), b.heard(3)], [["Online 1", "Scene playing {}"], ["Online 1"]]);
});

for (const what of ["the sit alone", "an attach before it"] as const) {
  test(`[P3][P7] a sit whose answer is lost, and let go since, is answered anew (${what})`, () => {
    const { host, a, b, chat } = table();
    a.sitWith(900, 4, 1);
    host.room.detach(a);
    chat(outputsMax);
    if (what === "an attach before it") a.attach([1, 2]);
    b.hush();
    const { after, missed } = a.sitWith(900, 4, 1);
    a.last = after;
    a.take(missed);
    a.turn();
    assert.deepEqual([a.heard(4), b.heard(3)], [["Online 4", "Scene playing {}"], ["Online 4"]]);
  });
}

/** Everybody's last words. */
const lastWords = ["Settlement [] {}", "Disconnect 1"];

test("[P2] a room that is over keeps its last words until every gate has confirmed them", () => {
  const { host, a, b } = table();
  a.lose();
  host.room.dissolve();
  a.turn();
  assert.deepEqual(b.heard(3), lastWords);
  b.confirm();
  assert.deepEqual([host.room.isOver, host.room.isDone, host.dones], [true, false, 0]);
  const { seated, gone } = a.attach([1, 2]);
  assert.deepEqual([seated, gone], [[], []], "they are told by the last words themselves");
  assert.deepEqual([a.heard(1), a.heard(2)], [lastWords, lastWords]);
  assert.deepEqual([host.room.isDone, host.dones], [false, 0]);
  a.confirm();
  assert.deepEqual([host.room.isDone, host.dones], [true, 1]);
});

test("[P2] a room that was over when the server died still has its last words, and plays no further", () => {
  const { host, a, b, advance } = table();
  a.lose();
  host.room.dissolve();
  a.turn();
  b.confirm();
  restore(host);
  assert.ok(host.room.isOver);
  advance(10_000);
  a.attach([1, 2]);
  assert.deepEqual(a.heard(1), lastWords);
  a.confirm();
  assert.deepEqual([host.room.isDone, host.dones, host.overs], [true, 1, 1]);
});

test("[P7] a room that was over when the server died is done after HOLD, though its gate never comes", () => {
  const { host, a, b, advance } = table();
  host.room.dissolve();
  a.turn();
  b.confirm();
  restore(host);
  advance(holdMs - 1);
  assert.equal(host.dones, 0);
  advance(1);
  assert.deepEqual([host.room.isDone, host.dones], [true, 1]);
});

test("[P7] a room that ends while its gate is away is done after HOLD", () => {
  const { host, a, b, advance } = table();
  a.lose();
  advance(1_000);
  host.room.dissolve();
  a.turn();
  b.confirm();
  advance(holdMs - 1_000);
  assert.deepEqual([host.room.isDone, host.dones], [true, 1]);
});

test("[P7] a room whose gate is lost behind its last words is done after HOLD", () => {
  const { host, a, b, advance } = table();
  host.room.dissolve();
  a.turn();
  b.confirm();
  a.lose();
  advance(holdMs);
  assert.deepEqual([host.room.isDone, host.dones], [true, 1]);
});

test("[P7] a room that is over is done when the last gate it waited for was too late", () => {
  const { host, a, b, chat } = table();
  a.lose();
  chat(outputsMax);
  host.room.dissolve();
  a.turn();
  b.confirm();
  assert.equal(a.attach([1, 2]).gone.length, 2);
  assert.deepEqual([host.room.isDone, host.dones], [true, 1]);
});

test("[P4] who never sat here, or sits no more, is gone with RETRY", () => {
  const { host, a } = table();
  a.leave(2, "stand");
  a.confirm();
  const { seated, gone } = host.room.attach(a, a.last, [
    { session: a.session(1), user: 1, acked: 1 },
    { session: a.session(2), user: 2, acked: 2 },
    { session: 999, user: 99, acked: 0 },
  ]);
  assert.deepEqual(
    [seated.length, gone.map(({ session, reason }) => [session, reason])],
    [
      1,
      [
        [a.session(2), DisconnectReason.RETRY],
        [999, DisconnectReason.RETRY],
      ],
    ],
  );
});

test("[P4] another user cannot be claimed by naming his session's number from another gate", () => {
  const { host, a, b, way } = table();
  const { seated } = host.room.attach(b, b.last, [{ session: a.session(1), user: 1, acked: 1 }]);
  assert.deepEqual(seated, []);
  assert.equal(way(1), "online");
});

/** A game in which one command sends user 1 out, says more than is kept, and throws. */
function talkative(say: (t: Table) => void): Game<unknown> {
  return {
    ...dice,
    message: (t) => {
      t.disconnect(1, DisconnectReason.REPLACED);
      say(t);
      throw new Error("a bug in the rules");
    },
  };
}

for (const [what, times, bytes] of [
  ["a little", 3, 0],
  ["many words", outputsMax, 0],
  ["one long word", 1, 13_000],
] as const) {
  test(`[P10][P7] a handler that sends somebody out, says ${what} and throws: everyone hears Disconnect 1 and nothing else`, () => {
    const game = talkative((t) => {
      for (let i = 0; i < times; i++) t.sendAll(frame(600, new Uint8Array(bytes)));
    });
    const { host, a, b } = table({ game });
    b.sendAs(3, 2, frame(Command.PRINT + 200));
    assert.ok(host.room.isOver);
    assert.deepEqual([a.heard(1), a.heard(2), b.heard(3)], Array(3).fill(["Disconnect 1"]));
  });
}
