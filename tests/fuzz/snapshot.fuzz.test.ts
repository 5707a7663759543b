/**
 * Fuzzes rooms as other servers offer them, and as a journal has them: the first piece says which, each other one is a room
 * as JSON. Whatever it is, the server and its other room play on; a room that is refused changes nothing, and one that is taken
 * is played, written down and restored.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { dice } from "#game_server/games/dice/dice.ts";
import { encode, frame } from "#protocol/frame.ts";
import { Command as DiceCommand } from "#protocol/gen/dice_pb.ts";
import { Command, Int32Schema, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import type { FakePlayer } from "#tests/support/fake_player.ts";
import { listeningLog } from "#tests/support/journal_at_hand.ts";
import { PeerAtHand } from "#tests/support/peer_at_hand.ts";
import { SmallHouse } from "#tests/support/small_house.ts";
import { fuzz } from "./fuzzer.ts";

const gates = fc.constantFrom("00000000000000f1", "00000000000000f2", "f1", "__proto__");
const userId = fc.oneof(fc.integer({ min: 1, max: 6 }), fc.constantFrom(0, -1, 2 ** 53));
const small = fc.oneof(
  { weight: 6, arbitrary: fc.nat(9) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(-1, 0.5, 2 ** 53, null, "1", true) },
);
const ms = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -1000, max: 100_000 }) },
  { weight: 1, arbitrary: fc.double({ noNaN: true }) },
);
const connection = { gate: gates, session: small, last: small, after: fc.constantFrom(-1, 0, 1, 2) };
const way = fc.oneof(
  fc.constant({ is: "offline" }),
  fc.record(
    { is: fc.constantFrom("online", "absent", "away"), sinceMs: ms, ...connection },
    { requiredKeys: ["is", "gate", "session", "last", "after"] },
  ),
);
const seat = fc.record({ user: userId, index: small, claims: fc.oneof(fc.constant({}), fc.jsonValue()), way });
const output = fc.record({
  ...{ number: small, flags: fc.integer({ min: 0, max: 4 }), to: fc.dictionary(gates, fc.array(small, { maxLength: 3 })) },
  frame: fc.oneof(fc.base64String({ maxLength: 40 }), fc.string()),
});
const state = fc.record({
  phase: fc.constantFrom("playing", "idle", "over"),
  points: fc.dictionary(userId.map(String), small),
  games: fc.dictionary(userId.map(String), small),
});
const timers = fc.dictionary(
  fc.constantFrom("settle", "start", "else"),
  fc.record({ dueMs: ms, everyMs: fc.oneof(fc.constant(0), small, ms) }),
  { maxKeys: 3 },
);
const room = fc.record(
  {
    ...{
      game: fc.constantFrom("dice", "dice", "rocket", "no such game"),
      room: fc.constantFrom("2", "3", "1", "x"),
      owner: fc.constantFrom("00000000000000bb", "00000000000000aa"),
    },
    ...{ life: fc.constantFrom("00000000000000c1", "00000000000000c2", "__proto__", ""), epoch: small, boot: small, openedAtMs: ms },
    ...{ offer: fc.constantFrom("", "00000000000000d1"), version: fc.constantFrom<unknown>(1, 1, 0, 2, -1, "1"), playing: small },
    ...{ options: fc.oneof(fc.constant(""), fc.json()), random: fc.record({ key: fc.string(), drawn: small }), timers },
    ...{
      seats: fc.array(seat, { maxLength: 5 }),
      outbox: fc.record({ last: small, kept: fc.array(output, { maxLength: 4 }), dropped: fc.dictionary(gates, small) }),
    },
    ...{
      lostGates: fc.dictionary(gates, ms),
      isOver: fc.oneof({ weight: 5, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      state,
    },
    passage: fc.constantFrom(
      { is: "incoming", offer: "00000000000000d1", from: "00000000000000bb" },
      { is: "outgoing", offer: "00000000000000d2", to: "00000000000000bb" },
      null,
    ),
    is: fc.constantFrom("gone"),
  },
  {
    requiredKeys: [
      "game",
      "room",
      "owner",
      "life",
      "epoch",
      "boot",
      "openedAtMs",
      "offer",
      "version",
      "playing",
      "options",
      "random",
      "timers",
      "seats",
      "outbox",
      "lostGates",
      "isOver",
      "state",
    ],
  },
);

fuzz({
  name: "snapshot",
  fresh: fc
    .tuple(fc.constantFrom("offer", "restore"), fc.array(room, { minLength: 1, maxLength: 3 }))
    .map(([how, rooms]) => [how, ...rooms.map((value) => JSON.stringify(value))].map(bytes)),
  words: ["__proto__", "null", "1e999", "-1", '"is":"gone"', '"isOver":true', "{}", "[]"],
  async take([how, ...pieces]) {
    const texts = pieces.map((piece) => Buffer.from(piece).toString("utf8"));
    const house = await Neighbourhood.open();
    if ((how?.[0] ?? 0) === "o".charCodeAt(0))
      for (const [at, text] of texts.entries()) await house.offer(text, `00000000000000e${at % 10}`);
    else await house.restore(texts);
    await house.play();
  },
});

function bytes(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

function outlineOf(text: string): { readonly life?: string; readonly room?: unknown } {
  try {
    const { life, room: name } = (JSON.parse(text) ?? {}) as { life?: unknown; room?: unknown };
    return { ...(typeof life === "string" && { life }), room: name };
  } catch {
    return {};
  }
}

function sitDown(room: string): Uint8Array {
  return encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "dice", room_id: room } });
}

/** Who sits down where: into room 1 somebody who sits in none of the rooms that arrive. */
const visits: readonly [user: number, room: string][] = [
  [1, "2"],
  [2, "3"],
  [4711, "1"],
];
/** Whoever sits down is answered by then, with "try again" if need be. */
const answerMs = 6000;

/** A server where somebody plays dice in room 1, and everybody's rooms may arrive. */
class Neighbourhood {
  readonly #house: SmallHouse;
  readonly #log: ReturnType<typeof listeningLog>;
  readonly #neighbour: FakePlayer;

  private constructor(house: SmallHouse, log: ReturnType<typeof listeningLog>) {
    this.#house = house;
    this.#log = log;
    this.#neighbour = house.player(99);
  }

  static async open(): Promise<Neighbourhood> {
    const log = listeningLog();
    const house = await SmallHouse.open(dice, {}, { log });
    const neighbourhood = new Neighbourhood(house, log);
    neighbourhood.#neighbour.says(sitDown("1"));
    await house.settle();
    assert.match(neighbourhood.#neighbour.hears().join(), /Scene playing/);
    return neighbourhood;
  }

  async offer(text: string, offer: string): Promise<void> {
    const { server, disk } = this.#house;
    const peer = await PeerAtHand.link(this.#house, server);
    const known = (): unknown => [server.announcement(), server.unsettled(), [...disk.rooms.keys()]];
    const before = known();
    peer.hears();
    peer.offer(offer, text);
    await this.#house.settle();
    const [answer, ...others] = peer.hears();
    assert.ok(answer !== undefined && others.length === 0, `${answer} ${others}`);
    assert.ok(answer.length < 300, "a long answer");
    if (answer !== "yes") return assert.deepEqual(known(), before, "what is refused is kept all the same");
    const { life } = JSON.parse(text) as { life: string };
    peer.activate(life, offer);
    await this.#house.settle();
    assert.ok(!this.#log.events.includes("room unreadable"), "a room that was taken cannot be read");
  }

  async restore(texts: readonly string[]): Promise<void> {
    await this.#house.kill();
    for (const [at, text] of texts.entries()) {
      const { life, room: name } = outlineOf(text);
      if (name !== "1") this.#house.disk.rooms.set(life ?? `00000000000000c${at + 1}`, text); // no journal has two rooms of one name
    }
    this.#house.restart();
    await this.#house.pass(3000);
  }

  /** Everybody may sit down, play, and be restored; in room 1 it must be as if nothing else was there. */
  async play(): Promise<void> {
    for (const [user, room] of visits) {
      const player = this.#house.player(user);
      player.says(sitDown(room), encode(DiceCommand.SHAKE, Int32Schema, { v: 6 }), frame(Command.PRINT), frame(Command.STAND_UP));
      await this.#house.pass(answerMs);
      const heard = player.hears();
      assert.ok(heard.length > 0, "no answer to a sit");
      if (room === "1")
        assert.ok(
          heard.some((line) => line.startsWith("Scene")),
          `nobody may sit down in the other room: ${heard}`,
        );
      for (const line of heard) assert.doesNotMatch(line, /^Error 1\b/, "a failure");
    }
    this.#house.clock.freeze(36_000);
    await this.#house.pass(1);
    await this.#house.kill();
    this.#house.restart();
    await this.#house.pass(3000);
    this.#neighbour.hears();
    this.#neighbour.says(frame(Command.PRINT));
    await this.#house.settle();
    assert.match(this.#neighbour.hears().join("\n"), /^Print dice room 1/, "the other room has suffered");
    for (const json of this.#house.disk.rooms.values()) assert.equal(typeof json, "string");
  }
}
