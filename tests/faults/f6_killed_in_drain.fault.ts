/** F6 without Kubernetes: a game server is told to leave, is killed at the end of its grace, and a newer release takes over. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { RoomValue } from "#game_server/room_value.ts";
import { storedRows } from "#tests/support/data_folder.ts";
import { LedgerRun } from "./ledger_run.ts";
import { isFull } from "./measure.ts";

const rollouts = isFull ? 10 : 2;
const graceMs = 2000;

test(`[F6][P4] SIGTERM, SIGKILL at the end of the grace, a newer release: all rooms back, ${rollouts} times`, {
  timeout: 180_000,
}, async (t) => {
  const run = await LedgerRun.start(t, { players: 24, rooms: 6, seed: 6, drains: true });
  const restartMs: number[] = [];
  for (let rollout = 0; rollout < rollouts; rollout++) {
    await new Promise((resolve) => setTimeout(resolve, 2000));
    run.server.signal("SIGTERM");
    await new Promise((resolve) => setTimeout(resolve, graceMs));
    run.server.signal("SIGKILL");
    await run.server.exited;
    restartMs.push(await run.restart({ LEDGER_VERSION: String(rollout + 2), VERSION: `release ${rollout + 2}` }));
  }
  await run.end();
  const versions = storedRows(run.folder).map(({ value }) => (JSON.parse(value) as RoomValue).version);
  assert.ok(versions.length > 0);
  assert.deepEqual(new Set(versions), new Set([rollouts + 1]), "every room is of the last release");
  const { inputs, receipts } = run.verdict;
  t.diagnostic(
    `F6 ${rollouts} rollouts, restart max ${Math.max(...restartMs).toFixed(0)} ms, ${inputs} inputs, ${receipts} receipts, 0 reconnects`,
  );
});
