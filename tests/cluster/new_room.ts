/** Somebody who wants a room that nobody has: how he fares while something is away, and how soon it heals. */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { refusals } from "#protocol/refusals.ts";
import { sleep } from "#tests/faults/measure.ts";
import type { Entrance } from "#tests/support/entrance.ts";
import { Player } from "#tests/support/player.ts";
import type { Namespace } from "./namespace.ts";

const againMs = 250;
/** A sit is held for a while before it is refused. */
const answeredWithinMs = 60_000;

/** Users and rooms that nobody else has. */
let next = 3_000_000;

/** Asks for one: "opened", or a refusal after which trying again helps, in words. */
export async function askForRoom(t: TestContext, { entrance }: Namespace): Promise<string> {
  const user = next++;
  const player = await connect(entrance, user);
  t.after(() => player.drop());
  player.sit({ room_id: String(user), mode: "create" });
  const answer = await answerOf(player);
  player.drop();
  if (answer.startsWith("Scene")) return "opened";
  const refusal = Object.values(refusals).find(({ code }) => answer.startsWith(`Error ${code} `));
  assert.ok(refusal?.retry, answer);
  return answer;
}

/** Asks until there is one; gives how long it took, milliseconds. */
export async function untilRoom(t: TestContext, namespace: Namespace): Promise<number> {
  const startMs = performance.now();
  while ((await askForRoom(t, namespace)) !== "opened") await sleep(againMs);
  return performance.now() - startMs;
}

/** A gate that has just died is still led to: then he knocks again. */
async function connect(entrance: Entrance, user: number): Promise<Player> {
  for (const endMs = performance.now() + answeredWithinMs; ; await sleep(againMs)) {
    const player = await Player.connect(entrance, user).catch((thrown: unknown) => thrown);
    if (player instanceof Player) return player;
    if (performance.now() > endMs) throw player;
  }
}

async function answerOf(player: Player): Promise<string> {
  for (const endMs = performance.now() + answeredWithinMs; performance.now() < endMs; await sleep(againMs)) {
    const answer = player.heard.find((line) => /^(Scene|Error|Disconnect)/.test(line));
    if (answer !== undefined) return answer;
  }
  return "nothing";
}
