/** The journal under real servers: a full disk, a disk that fails, and a lock that another process has. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { type TestContext, test } from "node:test";
import { patience, sleep, until } from "#tests/faults/measure.ts";
import { dataFolder } from "./support/data_folder.ts";
import { startWriter } from "./support/journal_at_hand.ts";
import { Player } from "./support/player.ts";
import { Server, start } from "./support/process.ts";
import { said, says } from "./support/said.ts";
import { has } from "./support/skip.ts";
import { SmallDisk } from "./support/small_disk.ts";

/** The disk is large enough for the journal and its WAL. */
const diskSize = "16m";

async function serverOn(t: TestContext, folder: string, env: Record<string, string> = {}): Promise<Server> {
  return Server.start(t, "game_server/main.ts", { DATA_DIR: folder, ...env });
}

async function gateTo(t: TestContext, server: Server): Promise<Server> {
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${server.port}` });
  await gate.logged("link up");
  return gate;
}

/** How long it took until the server's readiness was `word`. */
async function untilReadyIs(server: Server, word: string): Promise<number> {
  const startMs = performance.now();
  await until(`readiness to be ${word}`, async () => (await server.admin("/readyz")).body.trim() === word, 20_000);
  return performance.now() - startMs;
}

/** Two players of room 1 whose scenes are heard. */
async function twoSeated(port: number): Promise<[Player, Player]> {
  const [one, two] = [await Player.seated(port, 1), await Player.seated(port, 2)];
  await two.hearUntil("Scene");
  await one.hearUntil("SitDown 2");
  return [one, two];
}

for (const way of ["through a gate", "at the server's own port"]) {
  test(`[F13] a full disk, players ${way}: nothing is seen that is not kept, inputs say try again, space heals it`, async (t) => {
    const disk = SmallDisk.mount(t, { size: diskSize });
    if (disk === undefined) return;
    const server = await serverOn(t, disk.folder);
    const port = way === "through a gate" ? (await gateTo(t, server)).port : server.port;
    const [one, two] = await twoSeated(port);

    disk.fill();
    one.shake(6);
    const stalledMs = await untilReadyIs(server, "stalled");
    assert.ok(stalledMs <= 2000 * patience, `not ready after ${stalledMs} ms`);
    assert.equal((await server.admin("/livez")).status, 200, "a full disk is nothing that a restart would help");
    assert.equal((await server.admin("/readyz")).status, 503);
    assert.match((await server.admin("/metrics")).body, /^croupier_journal_stalled\{.*\} 1$/m);
    two.shake(3);
    assert.deepEqual(await two.hear(), ["Error 114 try again"]);
    const third = await Player.seated(port, 3);
    assert.deepEqual(await third.hear(), ["Error 114 try again"], "nobody sits down");
    await sleep(500);
    assert.deepEqual([...one.heard, ...two.heard, ...third.heard], [], "the roll that is not kept is not seen");

    disk.free();
    const healedMs = await untilReadyIs(server, "ok");
    assert.ok(healedMs <= 5000 * patience, `ready after ${healedMs} ms`);
    assert.deepEqual(await one.hear(), ["Shake 1 6"]);
    assert.deepEqual(await two.hear(), ["Shake 1"]);
    two.shake(3);
    assert.deepEqual(await two.hear(2), ["Shake 2 3", 'Settlement [1] {"1":6,"2":3}']);
    third.sit({ room_id: "3" });
    assert.deepEqual(await third.hear(2), ["SitDown 3@0", "Scene playing {}"]);
    assert.deepEqual(
      said(server.lines, "journal full", "journal heal", "journal damage", "journal wait", "failure", "room crash").map(
        (line) => line["event.action"],
      ),
      ["journal full", "journal heal"],
      "each is said once",
    );
  });
}

test("[F13][F1][P3] killed on a full disk, with inputs under way: the next start waits for space, then every input is applied once", async (t) => {
  const disk = SmallDisk.mount(t, { size: diskSize });
  if (disk === undefined) return;
  const server = await serverOn(t, disk.folder);
  const gate = await gateTo(t, server);
  const [one, two] = await twoSeated(gate.port);
  two.shake(3);
  await two.hearUntil("Shake 2 3");
  await one.hearUntil("Shake 2");
  disk.fill();
  one.shake(6);
  await untilReadyIs(server, "stalled");
  server.signal("SIGKILL");
  await server.exited;
  const next = start(t, ["game_server/main.ts"], { DATA_DIR: disk.folder, PORT: String(server.port), ADMIN_PORT: "0" });
  await next.until(says("journal full"));
  assert.deepEqual([next.child.exitCode, next.lines.some(says("ready"))], [null, false]);
  disk.free();
  await next.until(says("ready"));
  const lines = (await one.hearUntil("Settlement")).filter((line) => !line.startsWith("Notice"));
  assert.deepEqual(lines, ["Shake 1 6", 'Settlement [1] {"1":6,"2":3}']);
  assert.ok(!next.lines.some((line) => /journal damage|inputs forgotten|failure/.test(line)), next.lines.join("\n"));
});

/** Ways in which writing goes wrong for good. */
const failures: Record<string, (server: Server, folder: string) => void> = {
  "writes are refused": (server) => {
    assert.equal(spawnSync("prlimit", ["--pid", String(server.pid), "--fsize=0:0"]).status, 0);
  },
  "another process has written to the database": (_server, folder) => {
    using database = new DatabaseSync(join(folder, "journal.sqlite"), { timeout: 1000 });
    database.exec("UPDATE state SET line = line || ' '");
  },
  "the folder is gone": (_server, folder) => rmSync(folder, { recursive: true }),
  "the database's tables are gone": (_server, folder) => {
    using database = new DatabaseSync(join(folder, "journal.sqlite"), { timeout: 1000 });
    database.exec("ALTER TABLE rooms RENAME TO elsewhere");
  },
};

for (const [failure, cause] of Object.entries(failures)) {
  test(`[F13][P2] ${failure}: nothing more is seen, the process ends with a logged failure and 1`, async (t) => {
    if (failure === "writes are refused" && !has(t, "prlimit")) return;
    const folder = dataFolder(t);
    const server = await serverOn(t, folder);
    const [one, two] = await twoSeated(server.port);
    cause(server, folder);
    one.shake(6);
    assert.deepEqual(await server.exited, { code: 1, signal: null });
    await server.logged("failure");
    await Promise.all([one.closed, two.closed]);
    assert.deepEqual([...one.heard, ...two.heard], [], "the roll that is not kept is not seen");
    if (failure !== "writes are refused") return;

    const again = await serverOn(t, folder);
    const back = await Player.seated(again.port, 1, { room_id: "5" });
    assert.deepEqual(await back.hear(2), ["Online 1", "Scene playing {}"], "the next start plays on, without the roll");
  });
}

test("[journal][P6] SIGTERM while the process waits for the journal: exit 0, soon", async (t) => {
  const folder = dataFolder(t);
  await startWriter(t, folder, 1, 3, "hold").until((line) => line === "written");
  for (const main of ["game_server/main.ts", "single.ts"]) {
    const waiting = start(t, [main], { DATA_DIR: folder, PORT: "0", ADMIN_PORT: "0" });
    await waiting.until(says("journal wait"));
    const startMs = performance.now();
    waiting.child.kill("SIGTERM");
    assert.deepEqual(await waiting.exited, { code: 0, signal: null });
    assert.ok(performance.now() - startMs < 1000 * patience);
    assert.equal(waiting.errors, "");
  }
});

test("[journal][P8] while a start waits, for the lock or for space, it is alive and not ready", async (t) => {
  const folder = dataFolder(t);
  await startWriter(t, folder, 1, 3, "hold").until((line) => line === "written");
  for (const main of ["game_server/main.ts", "single.ts"]) {
    const waiting = start(t, [main], { DATA_DIR: folder, PORT: "0", ADMIN_PORT: "0" });
    const { "admin.port": port } = JSON.parse(await waiting.until(says("start"))) as { "admin.port": number };
    await waiting.until(says("journal wait"));
    const [live, ready, metrics] = await Promise.all(
      ["livez", "readyz", "metrics"].map((path) => fetch(`http://127.0.0.1:${port}/${path}`)),
    );
    assert.deepEqual([live?.status, await live?.text()], [200, "ok\n"]);
    assert.deepEqual([ready?.status, await ready?.text()], [503, "starting\n"]);
    assert.match((await metrics?.text()) ?? "", /^process_resident_memory_bytes/m);
  }
});

test("[journal][P1] a successor waits until its predecessor is gone, and plays its rooms", async (t) => {
  const folder = dataFolder(t);
  const first = await serverOn(t, folder);
  await twoSeated(first.port);
  const successor = start(t, ["game_server/main.ts"], { DATA_DIR: folder, PORT: "0", ADMIN_PORT: "0" });
  const waits = await successor.until(says("journal wait"));
  assert.match(waits, /another process has the journal/);
  first.signal("SIGKILL");
  const ready = JSON.parse(await successor.until(says("ready"))) as { "url.port": number };
  const back = await Player.seated(ready["url.port"], 1, { room_id: "5" });
  assert.deepEqual(await back.hear(2), ["Online 1", "Scene playing {}"]);
});

/** The journal of a server that was killed while two sat in a room, damaged by `sql`. */
async function damagedFolder(t: TestContext, sql: string): Promise<string> {
  const folder = dataFolder(t);
  const first = await serverOn(t, folder);
  await twoSeated(first.port);
  first.signal("SIGKILL");
  await first.exited;
  using database = new DatabaseSync(join(folder, "journal.sqlite"));
  database.exec(sql);
  return folder;
}

test("[F14] a server whose journal is damaged starts, says so, and plays what could be read", async (t) => {
  const folder = await damagedFolder(t, "INSERT INTO rooms SELECT slot + 1, life, crc, value FROM rooms");
  const next = await serverOn(t, folder);
  assert.match(await next.logged("journal damage"), /rooms that cannot be read: 1/);
  assert.match((await next.admin("/metrics")).body, /^croupier_journal_rooms_lost\{.*\} 0$/m, "it was one too many");
  const back = await Player.seated(next.port, 1, { room_id: "5" });
  assert.deepEqual(await back.hear(2), ["Online 1", "Scene playing {}"]);
});

test("[F14] what damage has cost is a metric, until the next start", async (t) => {
  const folder = await damagedFolder(t, "DELETE FROM rooms");
  for (const lost of [1, 0]) {
    const server = await serverOn(t, folder);
    const { body } = await server.admin("/metrics");
    assert.match(body, new RegExp(`^croupier_journal_rooms_lost\\{.*\\} ${lost}$`, "m"));
    assert.match(body, /^croupier_journal_turns_lost\{.*\} 0$/m);
    server.signal("SIGKILL");
    await server.exited;
  }
});
