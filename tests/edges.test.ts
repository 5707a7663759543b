/**
 * The edges of turns, stalls and leaving, message by message: a state that cannot be written
 * down, a disk that is full for long, a gate that leaves while its rooms are held.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Game } from "#game_server/game.ts";
import { outputsMax } from "#game_server/outbox.ts";
import { encode, type Frame, frame } from "#protocol/frame.ts";
import { SitDownRequestSchema, Command as System } from "#protocol/gen/frame_pb.ts";
import { ToServerWriter } from "#protocol/link.ts";
import { quiet } from "./support/quiet_game.ts";
import { SmallHouse } from "./support/small_house.ts";

const Command = { WORD: 100, SPEECH: 101, POISON: 102 } as const;
const [word, scene, held, resumed] = ["201 (0 bytes)", "200 (0 bytes)", "Notice 3/0", "Notice 4/0"];

/** Says a word, or more words than are kept, or takes something into its state that is no plain data. */
const speaker: Game<{ poison?: unknown }> = {
  ...quiet,
  name: "speaker",
  open(table) {
    table.startTicker("stay", 3_600_000);
    return {};
  },
  arrive: (table, _state, player) => table.send(player.user, frame(200)),
  message(table, state, _player, command) {
    if (command === Command.POISON) state.poison = 1n;
    const words = command === Command.SPEECH ? outputsMax + 1 : 1;
    for (let said = 0; said < words; said++) table.sendAll(frame(201));
  },
};

function open(env: Record<string, string> = {}): Promise<SmallHouse> {
  return SmallHouse.open(speaker as Game<unknown>, env);
}

function sit(room = "1"): Frame {
  return encode(System.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "speaker", room_id: room } });
}

test("[P10] a state that is no plain data ends its room: nothing of that turn is heard, and the neighbour plays on", async () => {
  const house = await open();
  const [poisoner, neighbour] = [house.player(1), house.player(2)];
  poisoner.says(sit());
  neighbour.says(sit("2"));
  await house.settle();
  for (const player of [poisoner, neighbour]) player.hears();
  poisoner.says(frame(Command.POISON));
  neighbour.says(frame(Command.WORD));
  await house.settle();
  assert.deepEqual([poisoner.hears(), neighbour.hears()], [["Disconnect 1"], [word]]);
  assert.deepEqual([house.written("1"), house.written("2")?.isOver], [undefined, false]);
  await house.kill();
  house.restart();
  await house.pass(3000);
  assert.deepEqual([poisoner.hears(), neighbour.hears()], [[], [held, resumed]], "and nobody gives it again");
});

test("[F13][P3] a turn that found no space and said more than is kept: it is heard whole when there is space, and nobody is sent out", async () => {
  const house = await open();
  const [one, two] = [house.player(1), house.player(2)];
  for (const player of [one, two]) {
    player.says(sit());
    await house.settle();
  }
  for (const player of [one, two]) player.hears();
  house.disk.isFull = true;
  one.says(frame(Command.SPEECH));
  await house.settle();
  assert.deepEqual(two.hears(), []);
  house.disk.isFull = false;
  await house.pass(1000);
  for (const player of [one, two]) assert.deepEqual(player.hears(), Array(outputsMax + 1).fill(word));
  two.says(frame(Command.WORD));
  await house.settle();
  assert.deepEqual([one.hears(), two.hears()], [[word], [word]]);
});

test("[P4] a sit that was given up, granted after all, and sent again in vain: nobody sits there for ever", async () => {
  const house = await open();
  const other = house.player(9);
  other.says(sit("9"));
  await house.settle();
  const one = house.player(1);
  house.disk.isFull = true;
  one.says(sit());
  await house.pass(6000);
  assert.deepEqual(one.hears(), ["Error 114 try again"]);
  house.delay();
  one.says(sit());
  await house.settle();
  house.disk.nextIsFull.push(false); // space for the first sit's turn, and no more
  await house.pass(1250);
  await house.arrive();
  assert.deepEqual(one.hears(), ["Error 114 try again"]);
  house.disk.isFull = false;
  await house.pass(1000);
  one.ends();
  await house.pass(120_000);
  assert.deepEqual(house.written("1")?.seats ?? [], []);
});

test("[F13] a gate that links while there is no space hears so: inputs say try again and are not numbered", async () => {
  const house = await open();
  const one = house.player(1);
  one.says(sit());
  await house.settle();
  one.hears();
  house.disk.isFull = true;
  one.says(frame(Command.WORD));
  await house.settle();
  await house.cut();
  await house.pass(600);
  one.hears();
  one.says(frame(Command.WORD));
  await house.settle();
  assert.deepEqual(one.hears(), ["Error 114 try again"]);
  house.disk.isFull = false;
  await house.pass(1000);
  assert.deepEqual(one.hears(), [resumed, word]);
  assert.equal(house.written("1")?.seats[0]?.way.is, "online", "and what the gate was told is written down");
});

test("[P6] the second signal on a full disk: the process is not kept, and the rooms are what they were", async () => {
  const house = await open();
  const one = house.player(1);
  one.says(sit());
  await house.settle();
  house.disk.isFull = true;
  one.says(frame(Command.WORD));
  await house.settle();
  house.server.drain();
  await house.pass(1000);
  assert.equal(house.server.isEmpty(), false);
  house.server.dissolve();
  await house.settle();
  assert.equal(house.server.isEmpty(), true);
  assert.equal(house.written("1")?.isOver, false);
});

test("[P6] the second signal at a gate whose rooms are held: who has dropped, or waits with what he sent, keeps it from nothing", async () => {
  const house = await open();
  const [gone, waiting] = [house.player(1), house.player(2)];
  for (const player of [gone, waiting]) player.says(sit());
  await house.settle();
  await house.kill();
  gone.ends();
  for (let input = 0; input < 300; input++) waiting.says(frame(Command.WORD));
  house.gate.drain();
  await house.pass(2000);
  house.gate.dissolve();
  await house.settle();
  assert.equal(house.gate.isEmpty(), true);
});

test("[P4] HOLD=0: held is said once, and so is resumed", async () => {
  const house = await open({ HOLD: "0" });
  const one = house.player(1);
  one.says(sit());
  await house.settle();
  assert.deepEqual(one.hears(), ["SitDown 1@0", scene]);
  await house.kill();
  await house.pass(5000);
  house.restart();
  await house.pass(2000);
  assert.deepEqual(one.hears(), [held, resumed]);
});

test("[P10] a gate that names no user, or claims that are none, seats nobody: a room must be able to read what it keeps", async () => {
  const house = await open();
  const people = [{ user: 0n }, { user: -1n }, { user: 2n ** 53n }, { claims: "7" }, { claims: "null" }, { claims: "[]" }, { claims: "{" }];
  for (const person of [...people, {}]) {
    const writer = new ToServerWriter();
    const value = { session: 4711, number: 1, user: 7n, game: "speaker", room: "1", seat: -1, mode: "any", claims: "{}", ...person };
    writer.say({ case: "sit", value });
    await house.send("server", writer.take());
    const isSomebody = Object.keys(person).length === 0;
    assert.equal(house.written("1") !== undefined, isSomebody, `${Object.keys(person)} ${Object.values(person)}`);
  }
});
