/** V7: memory and descriptors of gates and game servers, over many kills, many moves, and many players' coming and going. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { Cluster } from "#tests/support/cluster.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import type { Run, Server } from "#tests/support/process.ts";
import { playDice } from "./dice_bots.ts";
import { DiceFleet } from "./dice_fleet.ts";
import { collectedOften, isFull, megabyte, Scrape, sleep } from "./measure.ts";

const periods = isFull ? 10 : 4;
const periodMs = isFull ? 60_000 : 20_000;
const minutes = ((periods * periodMs) / 60_000).toFixed(1);
const timeout = periods * periodMs + 120_000;
/** Bots come and go in shifts of this length, so that sessions and rooms do too. */
const shift = { users: 200, seconds: 10, think: 500 };
/** Of the later half over the earlier one. */
const growthMax = 1.1;
const noiseBytes = 5 * megabyte;

interface Sample {
  readonly memory: number;
  readonly descriptors: number;
}

/** What is watched, and what is done to it once in each period. */
interface Scene {
  processes(): readonly Server[];
  play(): Run;
  disturb(): Promise<void>;
  /** Descriptors that each process keeps in the end. */
  readonly kept?: readonly number[];
}

test(`[V7] memory and descriptors stay flat over ${minutes} minutes with ${periods} kills`, { timeout }, async (t) => {
  const fleet = await DiceFleet.open(t, collectedOften, collectedOften);
  await watch(t, {
    processes: () => [fleet.gate, fleet.server],
    play: () => fleet.play(shift),
    disturb: async () => void (await fleet.kill()),
  });
});

test(`[V7][P5] memory and descriptors stay flat over ${minutes} minutes in which every room moves ${periods} times`, {
  timeout,
}, async (t) => {
  const cluster = await Cluster.open(t, { servers: 0, env: collectedOften });
  if (cluster === undefined) return;
  for (let at = 0; at < 2; at++) await cluster.addServer({ DATA_DIR: dataFolder(t) });
  for (const gate of cluster.gates) await cluster.shows(gate, "croupier_links", 2);
  let moved = 0;
  await watch(t, {
    processes: () => [...cluster.gates, ...cluster.servers],
    play: () => playDice(t, { ...shift, port: cluster.door(0) }),
    disturb: async () => {
      const counts = await Promise.all(cluster.servers.map((server) => moveAll(server)));
      moved += counts.reduce((sum, count) => sum + count, 0);
    },
    kept: [0, 0, 2, 2], // game servers stay linked, in either direction
  });
  t.diagnostic(`V7 ${moved} moves`);
  assert.ok(moved >= periods * 10, `${moved} moves`);
});

/** Moves every room of this server to the other one; gives how many have gone. */
async function moveAll(server: Server): Promise<number> {
  const { rooms } = JSON.parse((await server.admin("/rooms")).body) as { rooms: { life: string }[] };
  const move = (life: string): Promise<Response> => fetch(`http://127.0.0.1:${server.adminPort}/rooms/${life}/move`, { method: "POST" });
  const answers = await Promise.all(rooms.map(({ life }) => move(life)));
  return answers.filter(({ ok }) => ok).length;
}

async function watch(t: TestContext, { processes, play, disturb, kept = [] }: Scene): Promise<void> {
  const sample = (): Promise<Sample[]> => Promise.all(processes().map(sampleOf));
  const before = await sample();
  const bots = playInShifts(play);
  const samples: Sample[][] = [];
  for (let period = 0; period < periods; period++) {
    await sleep(periodMs - 1000);
    samples.push(await sample());
    await disturb();
    await sleep(1000);
  }
  await bots.stop();
  t.diagnostic(
    `V7 MB of each process at each period's end: ${samples.map((all) => all.map(({ memory }) => mb(memory)).join("/")).join(" ")}`,
  );
  let after = await sample();
  const hasGivenBack = (): boolean => after.every(({ descriptors }, at) => descriptors <= (before[at]?.descriptors ?? 0) + (kept[at] ?? 0));
  for (let wait = 0; wait < 10 && !hasGivenBack(); wait++) {
    await sleep(1000);
    after = await sample();
  }
  const shown = (all: readonly Sample[]): string => all.map(({ descriptors }) => descriptors).join("/");
  t.diagnostic(`V7 descriptors before: ${shown(before)}, after: ${shown(after)}`);
  assert.ok(hasGivenBack(), `descriptors ${shown(before)}, then ${shown(after)}`);
  assert.deepEqual(bots.problems, []);
  for (const at of before.keys()) assertFlat(samples.map((all) => all[at]?.memory ?? 0));
}

/** The later half is hardly more than the earlier one. */
function assertFlat(memories: readonly number[]): void {
  const half = memories.length / 2;
  const mean = (part: readonly number[]): number => part.reduce((sum, each) => sum + each, 0) / part.length;
  const [early, late] = [mean(memories.slice(0, half)), mean(memories.slice(half))];
  assert.ok(late <= early * growthMax + noiseBytes, `${mb(early)} MB, then ${mb(late)} MB`);
}

async function sampleOf(server: Server): Promise<Sample> {
  const { residentBytes } = await Scrape.of(server);
  return { memory: residentBytes, descriptors: readdirSync(`/proc/${server.pid}/fd`).length };
}

function mb(bytes: number): string {
  return (bytes / megabyte).toFixed(0);
}

/** Shift after shift of bots, until stopped. */
function playInShifts(play: () => Run): { stop(): Promise<void>; problems: string[] } {
  const problems: string[] = [];
  let isOver = false;
  const shifts = (async () => {
    while (!isOver) {
      const bots = play();
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
