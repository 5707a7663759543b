/** V7: memory and descriptors of a gate and a game server, over many kills and many players' coming and going. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import type { Server } from "#tests/support/process.ts";
import { DiceFleet } from "./dice_fleet.ts";
import { isFull, megabyte, Scrape, sleep } from "./measure.ts";

const kills = isFull ? 10 : 4;
const betweenKillsMs = isFull ? 60_000 : 20_000;
const users = 200;
/** Bots come and go in shifts of this length, so that sessions and rooms do too. */
const shiftSeconds = 10;
/** Of the later half over the earlier one. */
const growthMax = 1.15;
const noiseBytes = 10 * megabyte;

interface Sample {
  readonly memory: number;
  readonly descriptors: number;
}

async function sampleOf(server: Server): Promise<Sample> {
  const { residentBytes } = await Scrape.of(server);
  return { memory: residentBytes, descriptors: readdirSync(`/proc/${server.pid}/fd`).length };
}

const mb = (bytes: number): string => (bytes / megabyte).toFixed(0);

/** Shift after shift of bots, until stopped. */
function playInShifts(fleet: DiceFleet): { stop(): Promise<void>; problems: string[] } {
  const problems: string[] = [];
  let isOver = false;
  const shifts = (async () => {
    while (!isOver) {
      const bots = fleet.play({ users, seconds: shiftSeconds, think: 500 });
      const { code } = await bots.exited;
      if (code !== 0) problems.push(bots.lines.at(-1)?.slice(0, 500) ?? "");
    }
  })();
  return {
    problems,
    stop: () => {
      isOver = true;
      return shifts;
    },
  };
}

test(`[V7] memory and descriptors stay flat over ${(kills * betweenKillsMs) / 60_000} minutes with ${kills} kills`, {
  timeout: kills * betweenKillsMs + 120_000,
}, async (t) => {
  const fleet = await DiceFleet.open(t);
  const sample = async (): Promise<{ gate: Sample; server: Sample }> => ({
    gate: await sampleOf(fleet.gate),
    server: await sampleOf(fleet.server),
  });
  const before = await sample();
  const bots = playInShifts(fleet);
  const samples: { gate: Sample; server: Sample }[] = [];
  for (let kill = 0; kill < kills; kill++) {
    await sleep(betweenKillsMs - 1000);
    samples.push(await sample());
    await fleet.kill();
    await sleep(1000);
  }
  await bots.stop();
  await sleep(5000);
  const after = await sample();
  const memories = samples.map(({ gate, server }) => `${mb(gate.memory)}/${mb(server.memory)}`);
  t.diagnostic(`V7 MB of gate/server before each kill: ${memories.join(" ")}`);
  t.diagnostic(
    `V7 descriptors before: ${before.gate.descriptors}/${before.server.descriptors}, after: ${after.gate.descriptors}/${after.server.descriptors}`,
  );
  assert.deepEqual(bots.problems, []);
  assert.deepEqual([after.gate.descriptors, after.server.descriptors], [before.gate.descriptors, before.server.descriptors]);
  const half = samples.length / 2;
  for (const process of ["gate", "server"] as const) {
    const mean = (part: typeof samples): number => part.reduce((sum, each) => sum + each[process].memory, 0) / part.length;
    const [early, late] = [mean(samples.slice(0, half)), mean(samples.slice(half))];
    assert.ok(late <= early * growthMax + noiseBytes, `${process}: ${mb(early)} MB, then ${mb(late)} MB`);
  }
});
