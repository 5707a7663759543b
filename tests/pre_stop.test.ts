/** The preStop hook beside real processes: what Kubernetes runs before its one SIGTERM. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { dataFolder } from "./support/data_folder.ts";
import { Player } from "./support/player.ts";
import { type Run, Server, start } from "./support/process.ts";

function preStop(t: TestContext, adminPort: number, env: Record<string, string> = {}): Run {
  return start(t, ["runtime/pre_stop.ts"], { ADMIN_PORT: String(adminPort), ...env });
}

test("[F7][P6] it begins the drain, a process with nothing left ends at once, and the hook with it", async (t) => {
  const server = await Server.start(t, "game_server/main.ts", { DATA_DIR: dataFolder(t), ADMIN_TOKEN: "a token" });
  const startMs = performance.now();
  const hook = preStop(t, server.adminPort, { ADMIN_TOKEN: "a token" });
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  assert.deepEqual(await hook.exited, { code: 0, signal: null }, hook.errors);
  assert.ok(performance.now() - startMs < 15_000);
});

test("[F7][P6] a gate with nobody there is gone when it has answered: the hook's own connection does not keep it", async (t) => {
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: "dice=127.0.0.1:1" });
  preStop(t, gate.adminPort);
  const [begun, stopped] = [await gate.logged("drain start"), await gate.logged("stop")].map(atMs);
  assert.deepEqual(await gate.exited, { code: 0, signal: null });
  assert.ok((stopped ?? 0) - (begun ?? 0) < 2000, `${begun} ${stopped}`); // what does not end by itself is left after 3 s
});

function atMs(line: string): number {
  return Date.parse((JSON.parse(line) as { "@timestamp": string })["@timestamp"]);
}

test("[F7][P6] it waits while rooms play, drains anew what was taken back, and SIGTERM after it is the second signal", async (t) => {
  const server = await Server.start(t, "single.ts", { DRAIN: "wait" });
  const player = await Player.seated(server.port, 1);
  await player.hear(2);
  const hook = preStop(t, server.adminPort);
  await player.hearUntil("Notice 0/1");
  await fetch(`http://127.0.0.1:${server.adminPort}/drain`, { method: "DELETE" });
  await player.hearUntil("Notice 0/1");
  await sleep(500);
  assert.deepEqual([hook.child.exitCode, server.lines.filter((line) => line.includes('"drain start"')).length], [null, 2]);
  server.signal("SIGTERM");
  await player.hearUntil("Disconnect 1");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  assert.deepEqual(await hook.exited, { code: 0, signal: null });
});

test("[F7][P6] a process that does not answer for a while is not taken for gone", async (t) => {
  const server = await Server.start(t, "single.ts", { DRAIN: "wait" });
  const player = await Player.seated(server.port, 1);
  await player.hear(2);
  server.signal("SIGSTOP");
  const hook = preStop(t, server.adminPort);
  await sleep(6000); // longer than the hook waits for one answer
  assert.equal(hook.child.exitCode, null);
  server.signal("SIGCONT");
  await player.hearUntil("Notice 0/1");
  server.signal("SIGTERM");
  await hook.exited;
});

test("[F7][keys] the admin token's file was changed just now, and the process has not looked yet: it asks again", async (t) => {
  const folder = dataFolder(t);
  const file = join(folder, "token");
  writeFileSync(file, "the first token\n");
  const server = await Server.start(t, "game_server/main.ts", { DATA_DIR: folder, ADMIN_TOKEN_FILE: file });
  writeFileSync(file, "the second token\n");
  const hook = preStop(t, server.adminPort, { ADMIN_TOKEN_FILE: file });
  assert.deepEqual(await server.exited, { code: 0, signal: null });
  assert.deepEqual(await hook.exited, { code: 0, signal: null }, hook.errors);
});

test("[F7] a process that is not serving yet, or is gone already, is not waited for; one that refuses is a failure", async (t) => {
  const statuses = [503, 401];
  const admin = createServer((_request, response) => response.writeHead(statuses.shift() ?? 500).end());
  await new Promise<void>((resolve) => admin.listen(0, "127.0.0.1", resolve));
  const { port } = admin.address() as AddressInfo;
  assert.equal((await preStop(t, port).exited).code, 0);
  const refused = preStop(t, port);
  assert.equal((await refused.exited).code, 1);
  assert.equal(refused.errors, "pre_stop: the admin listener says 401: there is no drain.\n");
  await new Promise((resolve) => admin.close(resolve));
  assert.equal((await preStop(t, port).exited).code, 0);
});
