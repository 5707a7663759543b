/** What the log of real processes tells at level info: a player's evening, and a room's life across a park and a move. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { logEvents } from "#runtime/log_events.ts";
import { Cluster } from "./support/cluster.ts";
import { dataFolder } from "./support/data_folder.ts";
import { eventsTable, fieldsTable } from "./support/log_tables.ts";
import { marked } from "./support/marked.ts";
import { Player } from "./support/player.ts";
import type { Server } from "./support/process.ts";
import { read, type Said } from "./support/said.ts";
import { until } from "./support/until.ts";

const root = new URL("../", import.meta.url);
const gone = { code: 0, signal: null };

/** What all of them have said so far, in order, of what `isMeant`. */
function told(servers: readonly Server[], isMeant: (line: Said) => boolean): Said[] {
  const all = servers.flatMap(({ lines }) => lines.map(read)).filter(isMeant);
  return all.toSorted((a, b) => (a["@timestamp"] < b["@timestamp"] ? -1 : 1));
}

function isAbout(line: Said, user: number): boolean {
  return [line["user.id"]].flat().includes(user);
}

test("[logs] a player's evening: who came, sat, won, was refused and left, joined at gate and game server by one trace", async (t) => {
  const cluster = await Cluster.open(t, { servers: 1, gates: 1 });
  if (cluster === undefined) return;
  await cluster.learned();
  const [[gate], [server]] = [cluster.gates, cluster.servers] as [[Server], [Server]];
  const one = await Player.seated(gate.port, 1, { room_id: "7" });
  const two = await Player.seated(gate.port, 2, { room_id: "7" });
  await two.hearUntil("Scene");
  one.shake(6);
  one.shake(6);
  two.shake(3);
  await one.hearUntil("Settlement");
  one.stand();
  await server.logged("stand");
  one.sit({ game_name: "chess" });
  await one.hearUntil("Error 119");
  await one.close();
  await gate.logged("session close");
  const evening = told([gate, server], (line) => isAbout(line, 1));
  const names = evening.map((line) => `${line["service.name"]}: ${line["event.action"]}`).sort();
  assert.deepEqual(names, [
    "game_server: refusal",
    "game_server: settle",
    "game_server: sit",
    "game_server: stand",
    "gate: refusal",
    "gate: session close",
    "gate: session open",
  ]);
  const ofSession = evening.filter((line) => line["event.action"] !== "settle");
  assert.equal(new Set(ofSession.map((line) => line["trace.id"])).size, 1);
  assert.match(ofSession[0]?.["trace.id"] ?? "", /^[0-9a-f]{32}$/);
  assert.equal(new Set(ofSession.map((line) => line["session.id"])).size, 1);
  const settle = evening.find((line) => line["event.action"] === "settle");
  assert.deepEqual([settle?.["user.id"], settle?.["game.points"]], [[1, 2], { 1: 6, 2: 3 }]);
  const close = evening.find((line) => line["event.action"] === "session close");
  assert.equal(close?.["close.code"], 1000);
  assert.ok((close?.["event.duration"] ?? 0) > 1e6, "nanoseconds");
  const other = told([gate, server], (line) => line["event.action"] === "sit" && isAbout(line, 2));
  assert.notEqual(other[0]?.["trace.id"], ofSession[0]?.["trace.id"], "another player's session");
});

test("[logs] a room's life: opened, parked, restored, moved, held meanwhile at the gate, ended; one life, rising epochs", async (t) => {
  const cluster = await Cluster.open(t, { servers: 0, gates: 1 });
  if (cluster === undefined) return;
  const env = { DATA_DIR: dataFolder(t), DRAIN: "park", PARK: "on" };
  const first = await cluster.addServer(env);
  const [gate] = cluster.gates as [Server];
  await cluster.shows(gate, "croupier_links", 1);
  await cluster.learned();
  const player = await Player.seated(gate.port, 1, { room_id: "7" });
  await player.hearUntil("Scene");
  first.signal("SIGTERM");
  assert.deepEqual(await first.exited, gone);
  const second = await cluster.addServer({ ...env, DRAIN: "move" });
  await gate.logged("room resumed");
  const third = await cluster.addServer({ DATA_DIR: dataFolder(t) });
  await cluster.shows(gate, "croupier_links", 2);
  const move = `http://127.0.0.1:${second.adminPort}/rooms/dice/7/move`;
  await until(async () => (await fetch(move, { method: "POST" })).status === 200); // it looks for others once a second
  player.shake(6);
  await player.hearUntil("Shake 1 6");
  assert.equal((await fetch(`http://127.0.0.1:${third.adminPort}/rooms/dice/7/dissolve`, { method: "POST" })).status, 200);
  await player.hearUntil("Disconnect 1");
  await third.logged("room end");

  const servers = [first, second, third];
  const life = read(await first.logged("room open"))["room.life"];
  const story = told(servers, (line) => line["room.life"] === life);
  assert.deepEqual(
    servers.map(({ lines }) =>
      lines.map(read).flatMap((line) => (line["room.life"] === life ? `${line["event.action"]} @${line.epoch}` : [])),
    ),
    [
      ["room open @1", "sit @1", "room park @1"],
      ["room restore @1", "move start @1", "move end @1"],
      ["room arrive @2", "room dissolve @2", "settle @2", "room end @2"],
    ],
  );
  assert.ok(story.every((line) => line["game.name"] === "dice" && line["room.id"] === "7"));
  const ended = story.find((line) => line["event.action"] === "room end");
  assert.deepEqual([ended?.["user.id"], ended?.users], [[1], 1], "whom it has sent out");
  const atGate = told([gate], (line) => line["room.life"] === life).map((line) => `${line["event.action"]} @${line.epoch}`);
  assert.deepEqual(atGate, ["room held @1", "room resumed @1"]);
});

test("[logs] every event of the list is said somewhere, and ops/LOGS.md has the lists as they are", () => {
  const files = globSync("{dev,door,fleet,game_server,gate_server,link,runtime}/**/*.ts", { cwd: root.pathname });
  const code = files.filter((file) => !/(\.test|log_events)\.ts$/.test(file)).map((file) => readFileSync(new URL(file, root), "utf8"));
  const unsaid = Object.keys(logEvents).filter((event) => !code.some((text) => text.includes(`"${event}"`)));
  assert.deepEqual(unsaid, []);
  const document = readFileSync(new URL("ops/LOGS.md", root), "utf8");
  for (const [name, table] of Object.entries({ events: eventsTable(), fields: fieldsTable() }))
    assert.equal(marked(document, name), table, "run: node tests/support/write_log_tables.ts");
});
