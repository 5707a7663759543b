/** A description tells what the protocol told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBinary, fromJson, toBinary, toJson } from "@bufbuild/protobuf";
import { dice } from "./dice.ts";
import { describeGame, type GameDescription, readDescription } from "./game_description.ts";
import { SettlementNoticeSchema } from "./gen/dice_pb.ts";
import { rocket } from "./rocket.ts";

for (const game of [dice, rocket]) {
  test(`[dev] the description of ${game.name}, through JSON, has its names, numbers and types`, () => {
    const read = readDescription(JSON.parse(JSON.stringify(describeGame(game))) as GameDescription);
    const outline = (kinds: typeof read.events) =>
      Object.entries(kinds).map(([name, [command, schema]]) => [name, command, schema?.typeName]);
    assert.equal(read.name, game.name);
    assert.deepEqual(outline(read.commands), outline(game.commands));
    assert.deepEqual(outline(read.events), outline(game.events));
    assert.deepEqual(read.refusals, game.refusals);
  });
}

test("[dev] a frame that was written by the schema is read by the description, and the other way round", () => {
  const [, schema] = readDescription(describeGame(dice)).events["settlement"] ?? [0];
  assert.ok(schema !== undefined);
  const json = { idleDuration: "5000", winner: ["1"], dice: { "1": 6 } };
  const bytes = toBinary(SettlementNoticeSchema, fromJson(SettlementNoticeSchema, json));
  assert.deepEqual(toJson(schema, fromBinary(schema, bytes)), json);
  assert.deepEqual(toBinary(schema, fromJson(schema, json)), bytes);
});
