/** What each kind of process shows when it is scraped: the list, with its help, and nothing else but Node's own. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { type TestContext, test } from "node:test";
import { metricRows } from "#runtime/metric_list.ts";
import { Cluster } from "./support/cluster.ts";
import { dataFolder } from "./support/data_folder.ts";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";
import { has } from "./support/skip.ts";

type Place = (typeof metricRows)[keyof typeof metricRows]["shownBy"];

/** Name, kind, help and the names of labels of everything in a scrape. */
function shown(text: string) {
  const metrics = [...text.matchAll(/^# HELP (\S+) (.*)\n# TYPE \S+ (\S+)\n((?:[^#\n].*\n?)*)/gm)];
  return metrics.map(([, name = "", help = "", kind = "", lines = ""]) => {
    const labels = [...(lines.split("\n")[0] ?? "").matchAll(/([a-z_]+)="/g)].map(([, label = ""]) => label);
    return { name, help, kind, labels: labels.filter((label) => label !== "le" && label !== "service") };
  });
}

function listed(...places: Place[]) {
  const rows = Object.entries(metricRows).filter(([, { shownBy }]) => places.includes(shownBy));
  return rows.map(([name, { help, kind, labels = [] }]) => ({ name, help, kind, labels: [...labels] }));
}

function byName<Named extends { name: string }>(all: readonly Named[]): Named[] {
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** What is shown is what is listed for these places, every line says whose it is, and Prometheus finds no fault with it. */
async function judge(t: TestContext, server: Server, service: string, ...places: Place[]): Promise<string> {
  const { body } = await server.admin("/metrics");
  const metrics = shown(body);
  const [ours, others] = [
    metrics.filter(({ name }) => name.startsWith("croupier_")),
    metrics.filter(({ name }) => !name.startsWith("croupier_")),
  ];
  assert.deepEqual(byName(ours), byName(listed(...places)), service);
  for (const { name } of others) assert.match(name, /^(nodejs|process)_/);
  for (const line of body.split("\n").filter((text) => /^[a-z]/.test(text))) assert.match(line, new RegExp(`service="${service}"[,}]`));
  if (has(t, "promtool")) {
    const { status, stderr } = spawnSync("promtool", ["check", "metrics"], { input: body, encoding: "utf8" });
    assert.deepEqual([status, stderr], [0, ""], service);
  }
  return body;
}

test("[metrics] a gate and a game server that share a directory show what is listed for them", async (t) => {
  const cluster = await Cluster.open(t, { gates: 1, servers: 1 });
  if (cluster === undefined) return;
  const [gate, server] = [cluster.gates[0], cluster.servers[0]] as [Server, Server];
  const player = await Player.seated(cluster.door(0), 1);
  await player.hear(2);
  player.shake(6);
  await player.hear();
  const atGate = await judge(t, gate, "gate", "process", "door", "gate", "shared");
  const atServer = await judge(t, server, "game_server", "process", "door", "game server", "shared");
  for (const line of [
    /^croupier_road_seconds_count\{.*\} [1-9]/m,
    /^croupier_sit_seconds_count\{.*\} 1$/m,
    /^croupier_sessions\{stage="seated",.*\} 1$/m,
    /^croupier_session_ends_total\{end="tooManyMessages",code="4429",.*\} 0$/m,
    /^croupier_upgrade_refusals_total\{status="401",.*\} 0$/m,
    /^croupier_build_info\{release="dev",node="v.*",.*\} 1$/m,
  ])
    assert.match(atGate, line);
  for (const line of [/^croupier_journal_commit_seconds_count\{.*\} [1-9]/m, /^croupier_handler_seconds_count\{.*\} [1-9]/m])
    assert.match(atServer, line);
});

test("[metrics] single mode is both, and shows nothing twice", async (t) => {
  const server = await Server.start(t, "single.ts", { DATA_DIR: dataFolder(t) });
  await judge(t, server, "croupier", "process", "door", "gate", "game server");
});

test("[metrics] METRICS=off: there is no scrape", async (t) => {
  const server = await Server.start(t, "single.ts", { METRICS: "off" });
  const player = await Player.seated(server.port, 1);
  await player.hear(2);
  assert.equal((await server.admin("/metrics")).status, 404);
  assert.equal((await server.admin("/readyz")).body, "ok\n");
});
