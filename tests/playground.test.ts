/** What a gate, and single mode, answer the playground in development; in production there is none of it. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type GameDescription, readDescription } from "#protocol/game_description.ts";
import { production } from "./support/entrance.ts";
import { OutsideGame } from "./support/outside_game.ts";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";

test("[dev] single mode describes every game it deals, also one that does not describe itself", async (t) => {
  const game = new OutsideGame(t);
  const { port } = await Server.start(t, "single.ts", { GAMES: `dice,${game.path}` });
  const response = await fetch(`http://127.0.0.1:${port}/dev/games`);
  const { games } = (await response.json()) as { games: GameDescription[] };
  assert.equal(response.headers.get("cache-control"), "no-store");
  const [dice, counter] = games.map(readDescription);
  assert.equal(dice?.commands["shake"]?.[1]?.typeName, "pb.Int32");
  assert.deepEqual([counter?.name, counter?.commands], ["counter", {}]);
});

test("[dev] rooms are restored in place: players and points stay", async (t) => {
  const { port } = await Server.start(t, "single.ts");
  const player = await Player.seated(port, 1);
  await player.hear(2);
  player.shake(6);
  await player.hear();
  const restore = (game: string, headers: Record<string, string> = {}) =>
    fetch(`http://127.0.0.1:${port}/dev/restore?game=${game}`, { method: "POST", headers });
  const answer = await restore("dice");
  assert.deepEqual([answer.status, await answer.json()], [200, { rooms: 1 }]);
  player.shake(6);
  assert.deepEqual(await player.hear(), ["Error 10001 already shaken the dice"]);
  assert.equal((await restore("chess")).status, 404);
  assert.equal((await restore("dice", { Origin: "https://elsewhere.example" })).status, 403);
  assert.equal((await fetch(`http://127.0.0.1:${port}/dev/restore?game=dice`)).status, 426, "nothing changes by GET");
});

test("[dev] a gate of its own has the playground, and knows no game", async (t) => {
  const { port } = await Server.start(t, "gate_server/main.ts");
  const page = await fetch(`http://127.0.0.1:${port}/playground`, { redirect: "manual" });
  assert.deepEqual([page.status, page.headers.get("location")], [308, "/playground/"]);
  assert.equal((await fetch(`http://127.0.0.1:${port}/dev/games`)).status, 426);
  assert.equal((await fetch(`http://127.0.0.1:${port}/dev/restore?game=dice`, { method: "POST" })).status, 405);
});

test("[dev] production has no playground", async (t) => {
  const { port } = await Server.start(t, "single.ts", production);
  for (const path of ["playground", "playground/", "dev/games"])
    assert.equal((await fetch(`http://127.0.0.1:${port}/${path}`)).status, 426, path);
  assert.equal((await fetch(`http://127.0.0.1:${port}/dev/restore?game=dice`, { method: "POST" })).status, 405);
});
