/** F5 under load: DRAIN=wait, many rooms in the middle of their games, and signals in every rhythm. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Player } from "#tests/support/player.ts";
import { dissolveBy } from "#tests/support/signals.ts";
import { DiceFleet } from "./dice_fleet.ts";
import { isFull, patience, sleep } from "./measure.ts";

const rooms = isFull ? 200 : 20;
const exitWithinMs = 5000;

const rhythms = [
  ["two SIGTERM, apart", ["SIGTERM", "SIGTERM"], 1000],
  ["two SIGTERM 1 ms apart", ["SIGTERM", "SIGTERM"], 1],
  ["three SIGTERM", ["SIGTERM", "SIGTERM", "SIGTERM"], 20],
  ["SIGINT, then SIGTERM", ["SIGINT", "SIGTERM"], 20],
  ["SIGTERM, SIGINT, SIGTERM", ["SIGTERM", "SIGINT", "SIGTERM"], 20],
] as const;

for (const [what, signals, gapMs] of rhythms) {
  test(`[F5][P6] DRAIN=wait, ${rooms} rooms, ${what}: each seat hears of an early settlement and one Disconnect 1, exit 0 within 5 s`, {
    timeout: 120_000,
  }, async (t) => {
    const fleet = await DiceFleet.open(t, { DRAIN: "wait" });
    const players = await seatEverybody(fleet.gate.port);
    const gone = fleet.server.exited.then((exit) => ({ exit, atMs: Date.now() }));
    await dissolveBy(fleet.server, signals, gapMs);
    const { exit, atMs } = await gone;
    assert.deepEqual(exit, { code: 0, signal: null });
    const begun = JSON.parse(await fleet.server.logged("dissolve all")) as { "@timestamp": string };
    const leftMs = atMs - Date.parse(begun["@timestamp"]);
    await sleep(500);
    const last = players.map(({ heard }) => heard.filter((line) => !line.startsWith("Notice")));
    for (const heard of last) {
      assert.match(heard.slice(-2).join(), /^Settlement .*,Disconnect 1$/);
      assert.equal(heard.filter((line) => line.startsWith("Disconnect")).length, 1, heard.join());
    }
    for (const { socket } of players) assert.equal(socket.readyState, socket.OPEN, "who has lost a room keeps his session");
    t.diagnostic(`F5 ${what}: ${players.length} seats settled, gone ${leftMs.toFixed(0)} ms after it began to dissolve`);
    assert.ok(leftMs <= exitWithinMs * patience, `${leftMs} ms`);
    assert.equal(fleet.server.errors, "");
  });
}

/** Two in each room, of whom the first has rolled. */
async function seatEverybody(port: number): Promise<Player[]> {
  const all: Player[] = [];
  for (let room = 1; room <= rooms; room++) {
    const pair = await Promise.all([1, 2].map((seat) => Player.seated(port, 2 * room + seat, { room_id: String(room) })));
    for (const player of pair) await player.hearUntil("Scene");
    pair[0]?.shake(6);
    for (const player of pair) await player.hearUntil("Shake");
    all.push(...pair);
  }
  return all;
}
