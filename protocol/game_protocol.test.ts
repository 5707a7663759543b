/** Descriptions of games: what is none, and that those here agree with each other and with the system. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { dice } from "./dice.ts";
import { defineGame, type GameProtocol } from "./game_protocol.ts";
import { Int32Schema } from "./gen/frame_pb.ts";
import { rocket } from "./rocket.ts";

test("[client] a description is refused that could not be told apart on the wire", () => {
  const bell = { name: "bell", commands: {}, events: {} };
  const wrong: readonly [sentence: RegExp, define: () => unknown][] = [
    [/two and one have the number 301/, () => defineGame({ ...bell, events: { one: [301], two: [301, Int32Schema] } })],
    [/two and one have the number 301/, () => defineGame({ ...bell, commands: { one: [301], two: [301] } })],
    [/the number of low is below 100/, () => defineGame({ ...bell, commands: { low: [99] } })],
    [/the number of none is below 100/, () => defineGame({ ...bell, events: { none: [Number.NaN] } })],
    [/the number of mine is below 10000/, () => defineGame({ ...bell, refusals: { mine: { code: 114, desc: "", retry: true } } })],
    // @ts-expect-error: every room has an event of that name
    [/"players" is an event of every room/, () => defineGame({ ...bell, events: { players: [301] } })],
  ];
  for (const [sentence, define] of wrong) assert.throws(define, sentence);
  assert.doesNotThrow(() => defineGame({ ...bell, commands: { ring: [301] }, events: { rung: [301] } }), "one number each way");
});

test("[client] the games here have blocks of their own", () => {
  const blocks = ([dice, rocket] as GameProtocol[]).map(({ commands, events }) =>
    Object.values({ ...commands, ...events }).map(([command]) => Math.floor(command / 100)),
  );
  assert.deepEqual(
    blocks.map((block) => [...new Set(block)]),
    [[1], [2]],
  );
});
