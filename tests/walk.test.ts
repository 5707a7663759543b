/** One frame from a socket through gate, link and room to the game, and back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { openHouse } from "./support/house.ts";
import { Player } from "./support/player.ts";

test("[walk] a sit and a roll cross gate, link and room, and their answers come back", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.seated(port, 1);
  assert.deepEqual(await player.hear(2), ["SitDown 1@0", "Scene playing {}"]);
  player.shake(6);
  assert.deepEqual(await player.hear(1), ["Shake 1 6"]);
  assert.deepEqual(await player.close(), { code: 1000, reason: "" });
});
