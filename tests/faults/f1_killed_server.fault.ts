/** F1: a game server killed with -9 in the middle of 200 games, and started again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Report } from "#clients/dice_report.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import { Server, start } from "#tests/support/process.ts";
import { isFull, patience } from "./ledger_run.ts";

const kills = isFull ? 20 : 4;
const rooms = isFull ? 200 : 50;
const betweenKillsMs = 4000;

test(`[F1][P2][P3][P4] ${rooms} rooms × 4 bots, a game server killed ${kills} times: 0 reconnects, no roll lost or doubled`, {
  timeout: 300_000,
}, async (t) => {
  const folder = dataFolder(t);
  const open = (port: number): Promise<Server> => Server.start(t, "game_server/main.ts", { DATA_DIR: folder, PORT: String(port) });
  let server = await open(0);
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${server.port}` });
  await gate.logged("link up");
  const seconds = Math.ceil((kills * (betweenKillsMs + 1000)) / 1000) + 8;
  const flags = ["--users", rooms * 4, "--seconds", seconds, "--think", 2000, "--port", gate.port, "--json"].map(String);
  const bots = start(t, ["clients/bots.ts", ...flags]);

  const restartMs: number[] = [];
  for (let kill = 0; kill < kills; kill++) {
    await new Promise((resolve) => setTimeout(resolve, betweenKillsMs));
    const killedAtMs = performance.now();
    server.signal("SIGKILL");
    await server.exited;
    server = await open(server.port);
    restartMs.push(performance.now() - killedAtMs);
  }
  const { code } = await bots.exited;
  const report = JSON.parse(bots.lines.at(-1) ?? "{}") as Report;
  const restartMax = Math.max(...restartMs);
  t.diagnostic(
    `F1 ${kills} kills, ${report.users} bots, ${report.games} games, ${report.rolls} rolls, ` +
      `${report.reconnects} reconnects, ${report.inconsistencies.length} inconsistent, errors ${JSON.stringify(report.errors)}`,
  );
  t.diagnostic(
    `F1 restart max ${restartMax.toFixed(0)} ms; roll p50 ${report.rollMs.p50} ms, p99 ${report.rollMs.p99} ms, max ${report.rollMs.max} ms`,
  );
  assert.deepEqual([report.reconnects, report.inconsistencies, report.errors, report.closes], [0, [], {}, {}]);
  assert.equal(code, 0);
  assert.ok(report.games >= rooms, `${report.games} games`);
  assert.ok(report.rollMs.max <= restartMax + patience * 1000, `a pause of ${report.rollMs.max} ms`);
});
