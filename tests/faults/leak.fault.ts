/** V7: memory and descriptors of a gate and a game server, over many kills and many players' coming and going. */
import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { dataFolder } from "#tests/support/data_folder.ts";
import { Server, start } from "#tests/support/process.ts";
import { isFull } from "./ledger_run.ts";

const kills = isFull ? 10 : 4;
const betweenKillsMs = isFull ? 60_000 : 20_000;
const users = 200;
/** Bots come and go in shifts of this length, so that sessions and rooms do too. */
const shiftSeconds = 10;
/** Of the later half over the earlier one. */
const growthMax = 1.15;
const noiseBytes = 10 * 2 ** 20;

interface Sample {
  readonly memory: number;
  readonly descriptors: number;
}

async function sampleOf(server: Server): Promise<Sample> {
  const { body } = await server.admin("/metrics");
  const memory = Number(/^process_resident_memory_bytes\{?[^ ]* (\S+)$/m.exec(body)?.[1]);
  return { memory, descriptors: readdirSync(`/proc/${server.pid}/fd`).length };
}

const mb = (bytes: number): string => (bytes / 2 ** 20).toFixed(0);
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Shift after shift of bots, until stopped. */
function playInShifts(t: TestContext, port: number): { stop(): Promise<void>; problems: string[] } {
  const problems: string[] = [];
  let isOver = false;
  const shifts = (async () => {
    while (!isOver) {
      const flags = ["--users", users, "--seconds", shiftSeconds, "--think", 500, "--port", port, "--json"].map(String);
      const bots = start(t, ["clients/bots.ts", ...flags]);
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
  const folder = dataFolder(t);
  const open = (port: number): Promise<Server> => Server.start(t, "game_server/main.ts", { DATA_DIR: folder, PORT: String(port) });
  let server = await open(0);
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${server.port}` });
  await gate.logged("link up");
  const before = { gate: await sampleOf(gate), server: await sampleOf(server) };
  const bots = playInShifts(t, gate.port);
  const samples: { gate: Sample; server: Sample }[] = [];
  for (let kill = 0; kill < kills; kill++) {
    await sleep(betweenKillsMs - 1000);
    samples.push({ gate: await sampleOf(gate), server: await sampleOf(server) });
    server.signal("SIGKILL");
    await server.exited;
    server = await open(server.port);
    await sleep(1000);
  }
  await bots.stop();
  await sleep(5000);
  const after = { gate: await sampleOf(gate), server: await sampleOf(server) };
  const memories = samples.map((sample) => `${mb(sample.gate.memory)}/${mb(sample.server.memory)}`);
  t.diagnostic(`V7 MB of gate/server before each kill: ${memories.join(" ")}`);
  t.diagnostic(
    `V7 descriptors before: ${before.gate.descriptors}/${before.server.descriptors}, after: ${after.gate.descriptors}/${after.server.descriptors}`,
  );
  assert.deepEqual(bots.problems, []);
  assert.deepEqual([after.gate.descriptors, after.server.descriptors], [before.gate.descriptors, before.server.descriptors]);
  const half = samples.length / 2;
  const mean = (part: typeof samples): number => part.reduce((sum, sample) => sum + sample.gate.memory, 0) / part.length;
  const [early, late] = [mean(samples.slice(0, half)), mean(samples.slice(half))];
  assert.ok(late <= early * growthMax + noiseBytes, `${mb(early)} MB, then ${mb(late)} MB`);
});
