/**
 * Fuzzes what players send, through a session, its gate's link and a room of dice. A piece is a frame of one player, or lets
 * time pass where it is shorter than a command. Somebody else sits in the same room, and must not suffer.
 */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { dice } from "#game_server/games/dice/dice.ts";
import { dice as diceProtocol } from "#protocol/dice.ts";
import { commandBytes, commandOf, encode, type Frame, frame, frameBytesMax } from "#protocol/frame.ts";
import { Command as Dice } from "#protocol/gen/dice_pb.ts";
import { Command, Int32Schema, SitDownRequestSchema, StringSchema, UserSchema } from "#protocol/gen/frame_pb.ts";
import { refusals } from "#protocol/refusals.ts";
import type { FakePlayer } from "#tests/support/fake_player.ts";
import { listeningLog } from "#tests/support/journal_at_hand.ts";
import { SmallHouse } from "#tests/support/small_house.ts";
import { fuzz } from "./fuzzer.ts";
import { countingEntropy } from "./link_house.ts";
import { messageOf } from "./messages.ts";
import { signed } from "./signed.ts";

const user = 5;
const neighbour = 99;
/** One frame is answered by no more of them: a scene, those who are there, and what follows. */
const answersMax = 12;
const told = /^(SitDown|StandUp|Online|Shake|Start|Settlement|Scene|Notice) /;
/** Every refusal that a player of dice may hear; a failure is none. */
const codes: ReadonlySet<number> = new Set(
  [...Object.values(refusals), ...Object.values(diceProtocol.refusals)]
    .map(({ code }) => code)
    .filter((code) => code !== refusals.fail.code),
);

const tokens = fc.constantFrom(signed({ id: user }), signed({ id: 6 }), signed({ id: user, exp: 1 }), signed({}), "", "a.b.c");
const metadata = fc.record(
  {
    ...{
      game_name: fc.constantFrom("dice", "dice", "rocket", "127.0.0.1"),
      room_id: fc.constantFrom("1", "1", "2", "0"),
      seat: fc.constantFrom("-1", "0", "9"),
    },
    ...{
      watch: fc.constantFrom("true", "false"),
      mode: fc.constantFrom("any", "join", "create"),
      options: fc.constantFrom("", "{}", '{"private":true}'),
    },
    ...{ print: fc.constantFrom("true", "false"), user_id: fc.string(), colour: fc.string() },
  },
  { requiredKeys: ["game_name"] },
);
const commands = fc.oneof(
  fc.constantFrom(...[Command, Dice].flatMap((all) => Object.values(all)).filter((value) => typeof value === "number")),
  fc.nat(250),
);
const frames: fc.Arbitrary<Frame> = fc.oneof(
  { weight: 4, arbitrary: metadata.map((fields) => encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: fields })) },
  { weight: 3, arbitrary: fc.constantFrom(0, 1, 6, 7, -1).map((v) => encode(Dice.SHAKE, Int32Schema, { v })) },
  { weight: 2, arbitrary: fc.constantFrom(frame(Command.STAND_UP), frame(Command.PRINT), frame(Dice.SHAKE)) },
  { weight: 2, arbitrary: tokens.map((v) => encode(Command.TOKEN, StringSchema, { v })) },
  {
    weight: 1,
    arbitrary: fc.tuple(commands, messageOf(UserSchema, {})).map(([command, said]) => frame(command, toBinary(UserSchema, said))),
  },
  { weight: 1, arbitrary: fc.tuple(commands, fc.uint8Array({ maxLength: 30 })).map(([command, body]) => frame(command, body)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: commandBytes - 1 }) },
);

fuzz({
  name: "frames",
  fresh: fc.array(frames, { minLength: 1, maxLength: 16, size: "max" }),
  words: [
    "\u0000\u0000\u0000\u0003",
    "\u0000\u0000\u0000g\b\u0006",
    "\u0000\u0000\u0000\u0004",
    "game_name",
    "dice",
    signed({ id: user }),
    signed({ id: user, exp: 2e9 }),
  ],
  async take(pieces) {
    const evening = await Evening.open();
    for (const piece of pieces) await evening.take(piece);
    await evening.end();
  },
});

class Evening {
  readonly #house: SmallHouse;
  readonly #log: ReturnType<typeof listeningLog>;
  readonly #player: FakePlayer;
  readonly #neighbour: FakePlayer;

  private constructor(house: SmallHouse, log: ReturnType<typeof listeningLog>) {
    this.#house = house;
    this.#log = log;
    this.#player = house.player(user);
    this.#neighbour = house.player(neighbour);
  }

  static async open(): Promise<Evening> {
    const log = listeningLog();
    const house = await SmallHouse.open(dice, {}, { log, entropy: countingEntropy() });
    const evening = new Evening(house, log);
    evening.#neighbour.says(encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "dice", room_id: "1" } }));
    await house.settle();
    assert.equal(evening.#neighbour.hears().length, 2);
    return evening;
  }

  async take(piece: Uint8Array): Promise<void> {
    if (piece.length < commandBytes) return this.#house.pass(1000 * ((piece[0] ?? 0) % 40));
    const [before, said] = [this.#known(), Uint8Array.from(piece.subarray(0, frameBytesMax))];
    const heard = await this.#answersTo(said);
    assert.ok(heard.length <= answersMax, `${heard.length} answers to one frame`);
    for (const line of heard) this.#check(line);
    const isRefused = heard.length > 0 && heard.every((line) => line.startsWith("Error "));
    if (isRefused) assert.deepEqual(this.#known(), before, "a frame that was refused has changed something");
  }

  /** He hears nothing but of a game at which somebody else plays, and plays on. */
  async end(): Promise<void> {
    for (const line of this.#neighbour.hears()) assert.match(line, told, "the neighbour hears what is none of his business");
    this.#player.ends();
    await this.#house.pass(100);
    this.#neighbour.hears();
    this.#neighbour.says(frame(Command.PRINT));
    await this.#house.settle();
    assert.match(this.#neighbour.hears().join("\n"), /^Print dice room 1/, "the neighbour has suffered");
    assert.deepEqual(
      this.#log.events.filter((event) => event === "room crash" || event === "link down"),
      [],
    );
  }

  /** A token is looked at by other threads, for as long as that takes; it is always answered. */
  async #answersTo(said: Frame): Promise<string[]> {
    const isToken = commandOf(said) === Command.TOKEN && this.#player.isOpen;
    this.#player.says(said);
    await this.#house.settle();
    const heard = this.#player.hears();
    for (let tries = 0; isToken && heard.length === 0; tries++) {
      assert.ok(tries < 1000, "a token is not answered");
      await sleep(1);
      heard.push(...this.#player.hears());
    }
    return heard;
  }

  #check(line: string): void {
    const [, code] = /^Error (\d+)/.exec(line) ?? [];
    if (code !== undefined) return assert.ok(codes.has(Number(code)), `a failure: ${line}`);
    assert.match(line, /^(SitDown|StandUp|Online|Shake|Start|Settlement|Scene|Notice|Print|Disconnect|Token)\b/, "no such frame");
    assert.ok(!line.includes("eyJ") && !line.includes("default_key"), "a secret is said");
  }

  /** What is written of the room, but for what was said there and how far each session is. */
  #known(): unknown {
    const { outbox: _, seats, ...room } = this.#house.written("1") ?? assert.fail("the room is gone");
    return { ...room, seats: seats.map(({ user: who, index, way }) => ({ who, index, is: way.is })) };
  }
}
