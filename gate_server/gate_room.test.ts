/**
 * What a gate does for the sessions of one life while its link is up, lost, and back (P3, P4): real sessions, and a link
 * that writes down what it is asked to send.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { Admission } from "#door/admission.ts";
import { DoorCounts } from "#door/counts.ts";
import type { Left, Session } from "#door/session.ts";
import { Sessions } from "#door/sessions.ts";
import type { DirectoryForGates } from "#fleet/directory.ts";
import type { LinkChannel } from "#link/channel.ts";
import { bodyOf, decode, encode, type Frame, frame } from "#protocol/frame.ts";
import { Command, DisconnectReason, NoticeSchema, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import { type Attached, type ServerHello, type ToGate, ToGateSchema } from "#protocol/gen/link_pb.ts";
import { outputFlags, type ToServerWriter } from "#protocol/link.ts";
import { refusals } from "#protocol/refusals.ts";
import { readSitDown } from "#protocol/sit_down.ts";
import { ManualClock } from "#runtime/clock_manual.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { type Log, silentLog } from "#runtime/log.ts";
import { FakePlayer } from "#tests/support/fake_player.ts";
import { readable } from "#tests/support/readable.ts";
import type { GateRoom, RoomLink } from "./gate_room.ts";
import { GateRooms } from "./gate_rooms.ts";
import type { Links } from "./links.ts";
import { Resolver } from "./resolver.ts";
import { ServerLink } from "./server_link.ts";

const holdMs = 90_000;
const life = "00000000000000a1";
const owner = "0000000000000001";
const [held, resumed] = ["Notice 3/0", "Notice 4/0"];

const sitDown = encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "dice" } });
const standUp = frame(Command.STAND_UP);
const roll = (face: number): Frame => frame(103, new Uint8Array([8, face]));

/** The last attach that any of these links was asked to send. */
let asked = 0;

/** A link that writes down what it is asked to send. */
class FakeLink implements RoomLink {
  readonly journal = owner;
  isStalled = false;
  readonly #sent: string[] = [];

  sendInput(session: number, number: number, bytes: Frame): void {
    this.#sent.push(`${session}: input ${number} ${readable(bytes)}`);
  }

  sendLeave(session: number, number: number, how: Left): void {
    this.#sent.push(`${session}: leave ${number} ${how}`);
  }

  sendAbsent(session: number): void {
    this.#sent.push(`${session}: absent`);
  }

  sendAttach({ life: of, last, sessions, number }: Parameters<RoomLink["sendAttach"]>[0]): void {
    asked = number;
    const believed = sessions.map(({ session, user, acked }) => `${session}/${user}@${acked}`);
    this.#sent.push(`attach ${of} after ${last}: ${believed.join(" ") || "nobody"}`);
  }

  forgetRoom(of: string): void {
    this.#sent.push(`forget ${of}`);
  }

  take(): string[] {
    return this.#sent.splice(0);
  }
}

/** To another game server than the one that plays the room. */
function linkOfTaker(): FakeLink {
  return Object.assign(new FakeLink(), { journal: "0000000000000009" });
}

/** A gate with one room, entered by the sessions 1 … `count` of the users 11, 12 … on `link`, after output 10. */
function open({ count = 2, hold = holdMs, log = silentLog }: { count?: number; hold?: number; log?: Log } = {}) {
  const clock = new ManualClock();
  let sit = 0;
  const counts = new DoorCounts({ metrics: "on" });
  const sessions = new Sessions({
    ...{ clock, log: silentLog, entropy: systemEntropy, boot: "00000000000000f1", counts },
    ...{ development: true, messagesPerSecond: 0, pongTimeoutMs: 0 },
    admission: new Admission({ keys: () => [new Uint8Array(16)], clock, expiryRequired: false }),
    seating: {
      sit: (_session, _request, number) => {
        sit = number;
      },
    },
    onGone: () => {},
  });
  const rooms = new GateRooms({ clock, log, sessions, holdMs: hold });
  const link = new FakeLink();
  const room = rooms.open({ game: "dice", room: "1", life, owner, epoch: 1 }, 10);
  /** A session that has asked to sit and waits. */
  const come = (): { player: FakePlayer; session: Session; sit: number } => {
    const player = new FakePlayer();
    const session = sessions.open(player, { user: 11 + sessions.size, claims: "{}", expiresAtMs: undefined }, "here");
    player.says(sitDown);
    return { player, session, sit };
  };
  const players: FakePlayer[] = [];
  for (let i = 0; i < count; i++) {
    const { player, session, sit: number } = come();
    room.enter(session, number, link);
    players.push(player);
  }
  const [one = new FakePlayer(), two = new FakePlayer()] = players;
  return { clock, counts, sessions, rooms, room, link, come, one, two };
}

/** The answer to an attach: who is seated with which last input, and who is gone and why. */
function answer(seated: Record<number, number> = {}, gone: Record<number, DisconnectReason> = {}, handle = 5): Attached {
  const list = (of: Record<number, number>): [number, number][] => Object.entries(of).map(([session, value]) => [Number(session), value]);
  return {
    $typeName: "link.Attached",
    ...{ life, epoch: 1, handle, answers: asked },
    seated: list(seated).map(([session, last]) => ({ $typeName: "link.Attached.Seated", session, last })),
    gone: list(gone).map(([session, reason]) => ({ $typeName: "link.Attached.Gone", session, reason })),
  };
}

/** The link is lost and another one comes up. */
function relink(room: GateRoom, link: RoomLink): FakeLink {
  room.holdFrom(link);
  const next = new FakeLink();
  room.attachTo(next);
  return next;
}

test("[P3] while attached, inputs and leaves go out at once with their numbers", () => {
  const { link, one, two } = open();
  one.says(roll(1), roll(2));
  two.says(standUp);
  assert.deepEqual(link.take(), ["1: input 2 Shake 1", "1: input 3 Shake 2", "2: leave 2 stand"]);
});

test("[P4] a lost link: everyone hears Notice held, what they say is kept, and nothing is sent", () => {
  const { room, link, one, two } = open();
  one.says(roll(1));
  link.take();
  room.holdFrom(link);
  one.says(roll(2));
  two.says(roll(3), standUp, roll(4));
  two.ends("restart");
  assert.deepEqual([one.hears(), two.hears()], [[held], [held]]);
  assert.deepEqual([link.take(), room.isAttached], [[], false]);
  assert.deepEqual([one.isPaused, two.isPaused], [false, true], "only who is leaving waits");
});

test("[P3] an attach names the last output passed on, and the last input acknowledged of each session", () => {
  const { room, sessions, link, one, two } = open();
  one.says(roll(1), roll(2));
  two.says(roll(3));
  sessions.get(1)?.acked(2);
  room.output(link, 14, outputFlags.none, [1], frame(600));
  assert.deepEqual(relink(room, link).take(), [`attach ${life} after 14: 1/11@2 2/12@1`]);
});

test("[P3] a room that has passed on nothing attaches after the output it began with", () => {
  const { room, link } = open({ count: 1 });
  assert.deepEqual(relink(room, link).take(), [`attach ${life} after 10: 1/11@1`]);
});

test("[P3] attached: Notice resumed, and what was not applied is given again in order, then what came meanwhile", () => {
  const { room, link, one, two } = open();
  one.says(roll(1), roll(2));
  link.take();
  const next = relink(room, link);
  one.says(roll(3));
  two.says(roll(4), standUp);
  assert.deepEqual(next.take().length, 1, "nothing but the attach while it is asked");
  room.attached(next, answer({ 1: 2, 2: 1 }));
  assert.deepEqual(next.take(), ["1: input 3 Shake 2", "1: input 4 Shake 3", "2: input 2 Shake 4", "2: leave 3 stand"]);
  assert.deepEqual(
    [one.hears(), two.hears()],
    [
      [held, resumed],
      [held, resumed],
    ],
  );
  assert.ok(room.isAttached);
  one.says(roll(5));
  assert.deepEqual([next.take(), link.take()], [["1: input 5 Shake 5"], []]);
});

test("[P3] everything was applied and only the answers were lost: nothing is given again", () => {
  const { room, sessions, link, one } = open();
  one.says(roll(1), roll(2));
  const next = relink(room, link);
  next.take();
  room.attached(next, answer({ 1: 3, 2: 1 }));
  assert.deepEqual([next.take(), sessions.get(1)?.lastAcked], [[], 3]);
});

test("[P3] a leave that was applied before the link was lost: the session is outside, and hears nothing of it", () => {
  const { room, sessions, link, one } = open();
  one.says(standUp);
  const next = relink(room, link);
  room.attached(next, answer({ 2: 1 }, { 1: DisconnectReason.RETRY }));
  assert.deepEqual([one.hears(), sessions.get(1)?.stage], [[held], "idle"]);
});

test("[P3] an output at or below the last one is not passed on again; the next one is, to those it names", () => {
  const { room, link, one, two } = open();
  for (const number of [10, 11, 11, 3, 12]) room.output(link, number, outputFlags.none, [1], frame(600 + number));
  assert.deepEqual([one.hears(), two.hears()], [["611 (0 bytes)", "612 (0 bytes)"], []]);
});

test("[P3] outputs that the owner sends again after an attach: only what was missed is heard", () => {
  const { room, link, one } = open({ count: 1 });
  room.output(link, 11, outputFlags.none, [1], frame(601));
  const next = relink(room, link);
  room.attached(next, answer({ 1: 1 }));
  one.hears();
  for (const number of [11, 12, 13]) room.output(next, number, outputFlags.none, [1], frame(590 + number));
  assert.deepEqual(one.hears(), ["602 (0 bytes)", "603 (0 bytes)"]);
});

test("[P3] an output for a session that is elsewhere, gone or not of this room is heard by nobody", () => {
  const { room, link, sessions, come, one } = open({ count: 1 });
  const stranger = come();
  stranger.session.notEntered(stranger.sit, frame(Command.ERROR));
  stranger.player.hears();
  room.output(link, 11, outputFlags.ends, [2, 77, 1], frame(600));
  assert.deepEqual([stranger.player.hears(), one.hears(), sessions.get(1)?.stage], [[], ["600 (0 bytes)"], "idle"]);
});

test("[P3] what is said to a session whose sit is still under way comes with the answer to that, and not before", () => {
  const { room, link, come } = open({ count: 1 });
  const { player } = come();
  room.output(link, 11, outputFlags.none, [2], frame(600));
  assert.deepEqual(player.hears(), []);
});

test("[P3] what a link says while the room is not attached to it is not confirmed: it will be given again", () => {
  const { room, link } = open();
  const next = relink(room, link);
  const say = (by: typeof link): boolean => room.output(by, 11, outputFlags.none, [1], frame(600));
  assert.deepEqual([say(link), say(next)], [false, false]);
  room.attached(next, answer({ 1: 0, 2: 0 }));
  assert.deepEqual([say(link), say(next), say(next)], [false, true, true]);
});

test("[P4] sessions that are seated no more hear why, once, and are outside", () => {
  const { room, sessions, link, one, two } = open();
  const next = relink(room, link);
  room.attached(next, answer({}, { 1: DisconnectReason.REPLACED, 2: DisconnectReason.RETRY }));
  assert.deepEqual(
    [one.hears(), two.hears()],
    [
      [held, "Disconnect 2"],
      [held, "Disconnect 0"],
    ],
  );
  assert.deepEqual([sessions.get(1)?.stage, sessions.get(2)?.stage], ["idle", "idle"]);
});

test("[P4] HOLD over: Disconnect 0, once; what was kept is lost, and the room with it", () => {
  const { clock, rooms, room, sessions, link, one, two } = open();
  room.holdFrom(link);
  one.says(roll(1));
  clock.advanceAtOnce(holdMs - 1);
  assert.deepEqual([one.hears(), rooms.heldCount], [[held], 1]);
  clock.advanceAtOnce(1);
  assert.deepEqual([one.hears(), two.hears()], [["Disconnect 0"], [held, "Disconnect 0"]]);
  assert.deepEqual([rooms.count, sessions.get(1)?.stage], [0, "idle"]);
  clock.advanceAtOnce(holdMs);
  assert.deepEqual([one.hears(), link.take()], [[], []]);
  one.says(sitDown);
  assert.equal(sessions.get(1)?.stage, "entering");
});

test("[P4] HOLD=0 holds for ever", () => {
  const { clock, room, link, one } = open({ hold: 0 });
  room.holdFrom(link);
  clock.advanceAtOnce(10 * 3_600_000);
  assert.deepEqual([one.hears(), room.isAttached], [[held], false]);
});

test("[P4] a room that was resumed is not ended by the HOLD of before, and is held for all of the next", () => {
  const { clock, room, link, one } = open({ count: 1 });
  room.holdFrom(link);
  clock.advanceAtOnce(holdMs - 1);
  const next = new FakeLink();
  room.attachTo(next);
  room.attached(next, answer({ 1: 1 }));
  clock.advanceAtOnce(holdMs);
  assert.deepEqual(one.hears(), [held, resumed]);
  room.holdFrom(next);
  clock.advanceAtOnce(holdMs - 1);
  assert.deepEqual(one.hears(), [held]);
  clock.advanceAtOnce(1);
  assert.deepEqual(one.hears(), ["Disconnect 0"]);
});

test("[P4] the link is lost while it is asked: sessions are told once, and HOLD goes on from the first loss", () => {
  const { clock, room, link, one } = open({ count: 1 });
  room.holdFrom(link);
  clock.advanceAtOnce(holdMs - 10);
  const second = new FakeLink();
  room.attachTo(second);
  room.holdFrom(second);
  assert.deepEqual(one.hears(), [held]);
  const third = new FakeLink();
  room.attachTo(third);
  room.attached(second, answer({ 1: 9 }));
  assert.ok(!room.isAttached, "an answer on a link that is not in use is none");
  clock.advanceAtOnce(10);
  assert.deepEqual(one.hears(), ["Disconnect 0"]);
});

test("[P4] a link that is not in use is lost without effect", () => {
  const { room, link, one } = open({ count: 1 });
  room.holdFrom(new FakeLink());
  assert.ok(room.isAttached);
  const next = relink(room, link);
  room.attached(next, answer({ 1: 1 }));
  one.hears();
  room.holdFrom(link);
  assert.deepEqual([room.isAttached, one.hears()], [true, []]);
});

test("[P3] an input was not applied: what was is asked, once, nobody is told, and the rest is given again", () => {
  const { room, link, one } = open({ count: 1 });
  one.says(roll(1), roll(2));
  link.take();
  room.attachAgain();
  room.attachAgain();
  assert.deepEqual(link.take(), [`attach ${life} after 10: 1/11@1`]);
  room.attached(link, answer({ 1: 1 }));
  assert.deepEqual([link.take(), one.hears()], [["1: input 2 Shake 1", "1: input 3 Shake 2"], []]);
});

test("[P4] the link is lost while what was applied is asked: sessions are held and told", () => {
  const { room, link, one } = open({ count: 1 });
  room.attachAgain();
  room.holdFrom(link);
  assert.deepEqual([one.hears(), room.isAttached], [[held], false]);
});

test("[P3] a held room is not asked again on a link it does not have", () => {
  const { room, link } = open({ count: 1 });
  room.holdFrom(link);
  room.attachAgain();
  assert.deepEqual(link.take(), []);
});

test("[P4] a client that drops while its room is held: its leave is given when the gate attaches, and then it is gone", () => {
  const { room, sessions, link, one } = open();
  room.holdFrom(link);
  one.says(roll(6));
  one.ends();
  assert.deepEqual([link.take(), sessions.size], [[], 2]);
  const next = new FakeLink();
  room.attachTo(next);
  room.attached(next, answer({ 1: 1, 2: 1 }));
  assert.deepEqual(next.take().slice(1), ["1: input 2 Shake 6", "1: leave 3 drop"]);
  sessions.get(1)?.acked(3);
  assert.equal(sessions.size, 1);
});

test("[P4] a client that drops while its room is held, and HOLD ends: it is gone, and nothing is left", () => {
  const { clock, rooms, room, sessions, link, one, two } = open();
  room.holdFrom(link);
  one.ends();
  two.ends("restart");
  assert.equal(sessions.size, 1, "one leaves; two was cut by us, and is gone at once");
  clock.advanceAtOnce(holdMs);
  assert.deepEqual([sessions.size, rooms.count, clock.pending], [0, 0, 1], "the heartbeat's timer alone is left");
});

test("[P4] a session whose way we cut: the room hears that it is absent, and of the last one that it may forget the room", () => {
  const { rooms, link, one, two } = open();
  one.ends("restart");
  assert.deepEqual([link.take(), rooms.count], [["1: absent"], 1]);
  two.ends("restart");
  assert.deepEqual([link.take(), rooms.count], [["2: absent", `forget ${life}`], 0]);
});

test("[P4] the last session goes while the room is held: nothing is held any more", () => {
  const { clock, rooms, room, link, one } = open({ count: 1 });
  room.holdFrom(link);
  one.ends("restart");
  assert.deepEqual([rooms.count, clock.pending, link.take()], [0, 1, []]);
});

test("[P4] the owner says that the life is not its: Disconnect 0 at once, and the room is forgotten", () => {
  const { rooms, room, link, one, two } = open();
  relink(room, link);
  room.end(DisconnectReason.RETRY);
  assert.deepEqual(
    [one.hears(), two.hears()],
    [
      [held, "Disconnect 0"],
      [held, "Disconnect 0"],
    ],
  );
  assert.equal(rooms.count, 0);
});

test("[P4] an owner that is gone for good takes its rooms with it, and nobody else's", () => {
  const { rooms, room, link, one } = open({ count: 1 });
  const other = rooms.open({ game: "dice", room: "2", life: "00000000000000a2", owner: "0000000000000002", epoch: 1 }, 0);
  room.holdFrom(link);
  rooms.lose("0000000000000002");
  assert.deepEqual([one.hears(), rooms.count], [[held], 2], "it had no sessions to lose");
  rooms.lose(owner);
  assert.deepEqual([one.hears(), rooms.playedBy(owner), other.owner], [["Disconnect 0"], [], "0000000000000002"]);
});

test("[P8] what the server says of its journal counts while the room is attached, and only then", () => {
  const { room, link, one } = open({ count: 1 });
  link.isStalled = true;
  one.says(roll(1));
  assert.deepEqual([one.hears(), link.take()], [["Error 114 try again"], []]);
  room.holdFrom(link);
  one.says(roll(1));
  assert.deepEqual(one.hears(), [held], "now it is kept");
});

test("[log] a room is said to be held and resumed once each", () => {
  const lines: string[] = [];
  const log: Log = { ...silentLog, info: (event, fields) => lines.push(`${event} ${fields?.["room.life"]}`) };
  const { room, link } = open({ log });
  const next = relink(room, link);
  room.holdFrom(next);
  room.attachTo(next);
  room.attached(next, answer({ 1: 1, 2: 1 }));
  room.attachAgain();
  room.attached(next, answer({ 1: 1, 2: 1 }));
  assert.deepEqual(lines, [`room held ${life}`, `room resumed ${life}`]);
});

// Races with an answer that is on its way: the room's owner believes what the attach said.

test("[P3] who enters while what was applied is asked: the others' inputs are given all the same", () => {
  const { room, link, come, one } = open({ count: 1 });
  one.says(roll(1));
  room.attachAgain();
  const { session, sit } = come();
  room.enter(session, sit, link);
  link.take();
  room.attached(link, answer({ 1: 1 }));
  assert.deepEqual([link.take(), session.stage], [["1: input 2 Shake 1"], "seated"]);
});

test("[P3] who enters while what was applied is asked: his inputs are given too", () => {
  const { room, link, come } = open({ count: 1 });
  room.attachAgain();
  const { player, session, sit } = come();
  room.enter(session, sit, link);
  player.says(roll(6));
  link.take();
  room.attached(link, answer({ 1: 1 }));
  assert.deepEqual(link.take(), ["2: input 2 Shake 6"]);
});

function told(say: MessageInitShape<typeof ToGateSchema>["say"]): ToGate["say"] {
  return create(ToGateSchema, say === undefined ? {} : { say }).say;
}

/** A real link over a channel that writes down what is said. */
function serverLink({ clock, sessions, rooms }: Pick<ReturnType<typeof open>, "clock" | "sessions" | "rooms">) {
  const said: string[] = [];
  const say: ToServerWriter["say"] = (what) => {
    said.push(what?.case === "absent" ? `absent ${what.value.sessions}` : String(what?.case));
  };
  const channel = { peer: "test", out: { say }, handOver: () => {} } as unknown as LinkChannel<ToServerWriter>;
  const server = { journal: owner, boot: 2, release: "2", games: ["dice"], durable: true } as unknown as ServerHello;
  const share = {
    clock,
    sessions,
    rooms,
    keeper: undefined,
    onTold: () => {},
    onDown: () => {},
    onMoved: () => {},
    onDenied: (room: GateRoom) => room.end(DisconnectReason.RETRY),
  };
  const link = new ServerLink(channel, server, share);
  const hear = (say: ToGate["say"]): void => link.say({ $typeName: "link.ToGate", say });
  return { link, hear, absent: () => said.filter((line) => line.startsWith("absent")), said };
}

test("[metrics] a sit that a game server never answers is a refusal, told and counted", async () => {
  const gate = open({ count: 0 });
  const { link } = serverLink(gate);
  const { player, session, sit } = gate.come();
  const outcome = link.sit(session, readSitDown(bodyOf(sitDown)), sit, {});
  gate.clock.advance(5000);
  assert.equal(await outcome, "told");
  assert.deepEqual(player.hears(), ["Error 114 try again"]);
  assert.equal(gate.counts.refusals.of(refusals.tryAgain.code), 1);
});

test("[P3] a link that comes up asks at once for every life that its server plays", () => {
  const gate = open();
  gate.rooms.open({ game: "dice", room: "2", life: "00000000000000a2", owner: "0000000000000002", epoch: 1 }, 0);
  gate.room.holdFrom(gate.link);
  const { said, hear } = serverLink(gate);
  assert.deepEqual(said, ["attach"]);
  hear({ case: "attached", value: answer({ 1: 1, 2: 1 }, {}, 9) });
  assert.ok(gate.room.isAttached);
});

for (const [how, goes] of [
  ["moves", ({ hear }) => hear(told({ case: "moved", value: { life, owner: "0000000000000009", epoch: 2 } }))],
  ["is denied", ({ hear }) => hear(told({ case: "notMine", value: { life } }))],
  [
    "loses its last session while it is asked for",
    ({ rooms }) => {
      rooms.get(life)?.attachAgain();
      rooms.get(life)?.end(DisconnectReason.RETRY);
    },
  ],
] as [string, (on: ReturnType<typeof serverLink> & { rooms: ReturnType<typeof open>["rooms"] }) => void][]) {
  test(`[P7] a link knows nothing of a room that ${how}`, () => {
    const gate = open();
    gate.room.holdFrom(gate.link);
    const link = serverLink(gate);
    link.hear({ case: "attached", value: answer({ 1: 1, 2: 1 }, {}, 9) });
    assert.equal(link.link.knownRooms, 1);
    goes({ ...link, rooms: gate.rooms });
    assert.equal(link.link.knownRooms, 0);
  });
}

test("[P4] not mine: the sessions hear Disconnect 0; of a life that this gate does not have, nobody hears", () => {
  const gate = open();
  gate.room.holdFrom(gate.link);
  const { hear } = serverLink(gate);
  hear({ case: "notMine", value: { $typeName: "link.NotMine", life: "00000000000000a2", answers: 0 } });
  assert.deepEqual(gate.one.hears(), [held]);
  hear({ case: "notMine", value: { $typeName: "link.NotMine", life, answers: 0 } });
  assert.deepEqual([gate.one.hears(), gate.two.hears(), gate.rooms.count], [["Disconnect 0"], [held, "Disconnect 0"], 0]);
});

for (const [what, absent, cut] of [
  ["we cut a session", ["absent 1"], ({ one }) => one.ends("restart")],
  ["HOLD ends", ["absent 1", "absent 2"], ({ clock }) => clock.advanceAtOnce(holdMs)],
] as [string, string[], (gate: ReturnType<typeof open>) => void][]) {
  test(`[P4] ${what} while the owner is asked: it hears who is absent`, () => {
    const gate = open();
    gate.room.holdFrom(gate.link);
    const link = serverLink(gate);
    cut(gate);
    link.hear({ case: "attached", value: answer({ 1: 1, 2: 1 }, {}, 9) });
    assert.deepEqual(link.absent(), absent);
  });
}

test("[P1] an input that is unacknowledged at two looks in a row asks who the owner is; held rooms ask anyway", () => {
  const { room, rooms, sessions, link, one } = open();
  assert.deepEqual(rooms.unanswered, []);
  one.says(roll(1));
  assert.deepEqual(rooms.unanswered, [], "it may have been said just now");
  assert.deepEqual(rooms.unanswered, [room]);
  one.says(roll(2));
  sessions.get(1)?.acked(2);
  assert.deepEqual(rooms.unanswered, [], "one was answered since");
  sessions.get(1)?.acked(3);
  assert.deepEqual(rooms.unanswered, []);
  room.holdFrom(link);
  assert.deepEqual(rooms.unanswered, [room]);
});

test("[P1] what is said of a life at a lower epoch, or by whom it has left, is heard by nobody, and counted", () => {
  const { room, rooms, link, one } = open();
  const former = linkOfTaker();
  room.moved(former.journal, 3); // there, and back
  room.moved(owner, 4);
  one.hears();
  assert.equal(room.output(former, 11, 0, [1], roll(1)), false);
  assert.equal(rooms.stale, 1);
  room.attachTo(link);
  room.attached(link, answer({ 1: 1, 2: 1 }));
  assert.deepEqual([rooms.stale, room.isAttached], [2, false], "it has not heard of its own room's return");
  room.attached(link, { ...answer({ 1: 1, 2: 1 }), epoch: 4 });
  assert.deepEqual([rooms.stale, room.isAttached, one.hears()], [2, true, []], "it has come back to where everybody left it");
});

test("[P5][PROTOCOL §1.7] a room that has moved says resumed once it is attached to where it is, and once for each move", () => {
  const { room, one, two } = open();
  const taker = linkOfTaker();
  room.moved(taker.journal, 2);
  room.attachTo(taker);
  assert.deepEqual([one.hears(), two.hears()], [[], []], "while it moves nobody need hear of it");
  room.attached(taker, { ...answer({ 1: 1, 2: 1 }), epoch: 2 });
  assert.deepEqual([one.hears(), two.hears()], [[resumed], [resumed]]);
  room.moved(taker.journal, 2);
  room.attachAgain();
  room.attached(taker, { ...answer({ 1: 1, 2: 1 }), epoch: 2 });
  assert.deepEqual(one.hears(), [], "what was missed was asked for, and nobody has moved");
});

test("[P5][PROTOCOL §1.7] a room that moves out of a server that is away says held and resumed once each", () => {
  const { room, link, one } = open();
  room.holdFrom(link);
  const taker = linkOfTaker();
  room.moved(taker.journal, 2);
  room.attachTo(taker);
  room.attached(taker, { ...answer({ 1: 1, 2: 1 }), epoch: 2 });
  assert.deepEqual(one.hears(), [held, resumed]);
});

test("[P5][PROTOCOL §1.7] a room that has moved unheard, and is found by asking around, says resumed all the same", () => {
  const { room, link, one } = open();
  room.denied(link, 0);
  const taker = linkOfTaker();
  room.attachTo(taker);
  room.attached(taker, { ...answer({ 1: 1, 2: 1 }), epoch: 2 });
  assert.deepEqual(one.hears(), [resumed]);
});

test("[P5][PROTOCOL §1.7] a room whose giver has taken it back says nothing: it goes on where it was, at another epoch", () => {
  const { room, link, one } = open();
  room.moved(linkOfTaker().journal, 2);
  room.moved(owner, 3);
  room.attachTo(link);
  room.attached(link, { ...answer({ 1: 1, 2: 1 }), epoch: 3 });
  assert.deepEqual(one.hears(), []);
});

/** Looks once a second, and finds a directory that knows nothing new, and the servers behind these links. */
function lookFor({ clock, rooms }: Pick<ReturnType<typeof open>, "clock" | "rooms">, links: Map<string, RoomLink>): Resolver {
  const directory = { where: async () => new Promise<never>(() => {}) } as unknown as DirectoryForGates;
  const to = (journal: string): RoomLink | undefined => links.get(journal);
  const resolver = new Resolver({ clock, rooms, directory, links: { to, all: () => links.values() } as unknown as Links });
  resolver.start();
  return resolver;
}

test("[P4][PROTOCOL §1.7] a room whose taker cannot be reached: held after a second, once, with what is left of HOLD, and then resumed", async () => {
  const gate = open();
  const { clock, room, one, two } = gate;
  const taker = linkOfTaker();
  const links = new Map<string, RoomLink>();
  const resolver = lookFor(gate, links);
  const frames: Frame[] = [];
  two.send = (bytes) => frames.push(bytes);
  await clock.advance(400);
  resolver.moved(life, taker.journal, 2);
  await clock.advance(1000);
  assert.deepEqual(one.hears(), [], "it may be reached yet");
  await clock.advance(5000);
  assert.deepEqual(one.hears(), [held]);
  assert.deepEqual(
    frames.map((bytes) => decode(NoticeSchema, bodyOf(bytes)).deadlineMs),
    [BigInt(holdMs - 1600)],
  );
  links.set(taker.journal, taker);
  resolver.moved(life, taker.journal, 3);
  room.attached(taker, { ...answer({ 1: 1, 2: 1 }), epoch: 3 });
  await clock.advance(5000);
  assert.deepEqual(one.hears(), [resumed]);
});
