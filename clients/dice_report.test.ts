/** Whether two bots can both be right about what was settled in their room. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { agree } from "./dice_report.ts";

const games = Array.from({ length: 30 }, (_, at) => `game ${at}`);

const hearer = (settlements: string[], reconnects = 0) => ({ settlements, reconnects });

test("bots that never left heard the same in the same order, but for the ends", () => {
  assert.ok(agree(hearer(games), hearer(games.slice(1))));
  assert.ok(!agree(hearer(games), hearer(games.toSpliced(10, 1))));
  assert.ok(!agree(hearer(games), hearer(games.with(10, "another"))));
});

test("who sat down some settlements later has heard all those that followed", () => {
  const late = hearer(games.slice(3));
  assert.ok(agree(late, hearer(games)));
  assert.ok(agree(hearer(games), late));
  for (const wrong of [games.toSpliced(10, 1), games.with(10, "another"), games.with(10, "game 1")]) assert.ok(!agree(late, hearer(wrong)));
  assert.ok(agree(hearer(games), hearer([])));
});

test("who has come back may have missed one settlement each time, and heard no other ones", () => {
  assert.ok(agree(hearer(games), hearer(games.toSpliced(20, 1).toSpliced(10, 1), 2)));
  assert.ok(agree(hearer(games.toSpliced(12, 1), 1), hearer(games.toSpliced(10, 1), 1)));
  assert.ok(!agree(hearer(games), hearer(games.toSpliced(10, 9), 2)));
  assert.ok(!agree(hearer(games), hearer([...games.slice(15), ...games.slice(0, 15)], 2)));
});
