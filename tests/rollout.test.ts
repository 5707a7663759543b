/** A rollout of real processes, as the command line tells of it before, during and after; and rooms that nobody else can read. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import type { RolloutPlan } from "#clients/croupier/rollout_plan.ts";
import { frame } from "#protocol/frame.ts";
import { Command } from "#simulation/ledger.ts";
import { Cluster } from "./support/cluster.ts";
import { dataFolder } from "./support/data_folder.ts";
import { Player } from "./support/player.ts";
import { type Run, type Server, start } from "./support/process.ts";
import { says } from "./support/said.ts";
import { until } from "./support/until.ts";

const gone = { code: 0, signal: null };
const serverFile = "tests/faults/ledger_server.ts";
const v1 = { VERSION: "v1" };
const v2 = { VERSION: "v2", LEDGER_VERSION: "2" };
const unable = { VERSION: "unable", LEDGER_VERSION: "2", LEDGER_UPGRADE: "off" };
const roomsCount = 6;

type Environment = Record<string, string>;

/** The command line of a release, asking a gate. */
function croupier(t: TestContext, gate: Server, line: string, env: Environment): Run {
  const admin = `http://127.0.0.1:${gate.adminPort}`;
  return start(t, ["tests/faults/ledger_croupier.ts", ...line.split(" ")], { CROUPIER_ADMIN: admin, ...env });
}

async function said(run: Run): Promise<readonly string[]> {
  assert.deepEqual([await run.exited, run.errors], [gone, ""]);
  return run.lines;
}

async function planOf(t: TestContext, gate: Server, env: Environment): Promise<RolloutPlan> {
  const [json = ""] = await said(croupier(t, gate, "rollout plan --json", env));
  return JSON.parse(json) as RolloutPlan;
}

/** Each server with what becomes of its rooms. */
function outline({ steps }: RolloutPlan): string[] {
  return steps.map(({ server, release, outcomes }) => {
    const ends = outcomes.map((one) => `${one.rooms} of ${one.version} ${one.becomes} ${one.to ?? ""} ${one.toVersion ?? ""}`.trimEnd());
    return [`${server} ${release}`, ...ends].join(", ");
  });
}

function addressOf({ port }: Server): string {
  return `127.0.0.1:${port}`;
}

async function seated(port: number, user: number): Promise<Player> {
  const player = await Player.seated(port, user, { game_name: "ledger", room_id: String(user) });
  await player.hearUntil(String(Command.BOOK));
  return player;
}

/** Everybody writes and gets his receipt; nobody was sent away before. */
async function everybodyWrites(players: readonly Player[]): Promise<void> {
  for (const player of players) player.send(frame(Command.ENTRY, new TextEncoder().encode(`${player.user}.1`)));
  for (const player of players) {
    const heard = await player.hearUntil(String(Command.RECEIPT));
    assert.ok(!heard.some((line) => line.startsWith("Disconnect")), heard.join());
  }
}

test("[rollout][P5] plan before, during and after a rollout to a release of another state version, and status to its end", async (t) => {
  const cluster = await Cluster.open(t, { servers: 0, gates: 1, serverFile });
  if (cluster === undefined) return;
  const [gate] = cluster.gates as [Server];
  const folders = [dataFolder(t), dataFolder(t)] as const;
  const one = await cluster.addServer({ ...v1, DATA_DIR: folders[0] });
  await cluster.shows(gate, "croupier_links", 1);
  await cluster.learned();
  const players = await Promise.all(Array.from({ length: roomsCount }, (_, at) => seated(cluster.door(0), at + 1)));
  const two = await cluster.addServer({ ...v1, DATA_DIR: folders[1] });
  await cluster.shows(gate, "croupier_links", 2);
  await until(async () => (await planOf(t, gate, v2)).steps[0]?.rooms === roomsCount);

  const before = await planOf(t, gate, v2);
  const first = `${addressOf(one)} v1, ${roomsCount} of 1 moves ${addressOf(two)} 1`;
  assert.deepEqual(outline(before), [first, `${addressOf(two)} v1, ${roomsCount} of 1 moves ${addressOf(one)} 2`]);
  assert.deepEqual([before.isUnderWay, before.moves, before.lost.rooms], [false, 2 * roomsCount, 0]);
  assert.deepEqual(
    before.undo.filter(({ game }) => game === "ledger"),
    [{ to: "v1", game: "ledger", version: 2, rooms: roomsCount, isRead: false }],
  );

  const status = croupier(t, gate, "rollout status --release v2 --timeout 60s", v2);
  await status.until((line) => line === `${addressOf(two)} v1 serving`);
  one.signal("SIGTERM");
  assert.deepEqual(await one.exited, gone);
  await status.until((line) => line === `${addressOf(one)} gone` || line === `${addressOf(one)} v1 not linked`);
  const oneAgain = await cluster.addServer({ ...v2, DATA_DIR: folders[0] });
  await cluster.shows(gate, "croupier_links", 2);
  const during = await planOf(t, gate, v2);
  assert.deepEqual([during.isUnderWay, during.done], [true, [addressOf(oneAgain)]]);
  assert.deepEqual(outline(during), [`${addressOf(two)} v1, ${roomsCount} of 1 moves ${addressOf(oneAgain)} 2`]);
  assert.deepEqual(
    during.differences.find(({ game }) => game === "ledger")?.writers.map(({ version }) => version),
    [1, 2],
  );

  two.signal("SIGTERM");
  assert.deepEqual(await two.exited, gone);
  const twoAgain = await cluster.addServer({ ...v2, DATA_DIR: folders[1] });
  const lines = await said(status);
  assert.equal(lines.at(-1), `done: 2 game servers of release v2, ${roomsCount} rooms`);
  for (const server of [oneAgain, twoAgain]) assert.ok(lines.includes(`${addressOf(server)} v2 serving`), lines.join("\n"));
  const over = await said(croupier(t, gate, "rollout plan", v2));
  assert.deepEqual(over, ["release v2 writes dice 1, rocket 1, ledger 2: on 2 game servers, and nothing remains"]);
  await everybodyWrites(players);
});

test("[rollout] status outlives a restart of the gate that it asks, and says why it gives up", async (t) => {
  const cluster = await Cluster.open(t, { servers: 1, gates: 1, env: v1 });
  if (cluster === undefined) return;
  const [gate] = cluster.gates as [Server];
  const admin = `http://127.0.0.1:${gate.adminPort}`;
  const patient = croupier(t, gate, "rollout status --release v9", v1);
  await patient.until((line) => line.endsWith("v1 serving"));
  const hasty = croupier(t, gate, "rollout status --release v9 --timeout 4s", v1);
  await hasty.until((line) => line.endsWith("v1 serving"));
  gate.signal("SIGKILL");
  await patient.until((line) => line === `nobody listens at ${admin}: asked again until it does`);
  const never = croupier(t, gate, "rollout status", v1);
  assert.deepEqual([(await never.exited).code, never.errors], [1, `nobody listens at ${admin}.\n`], "as it was never heard");
  assert.equal((await hasty.exited).code, 1);
  const why = `^the rollout is not over after 4\\.0 s: nobody listens at ${admin}; when it was heard last: \\S+ has v1\\.\n$`;
  assert.match(hasty.errors, new RegExp(why));

  const again = await cluster.addGate({ ADMIN_PORT: String(gate.adminPort) });
  await patient.until((line) => line === `${admin} answers again`);
  await cluster.shows(again, "croupier_links", 1);
  const inVain = croupier(t, again, "rollout status --release v9 --timeout 1s", v1);
  assert.equal((await inVain.exited).code, 1);
  assert.match(inVain.errors, /^the rollout is not over after 1\.0 s: \S+ has v1\.\n$/);
  assert.equal((await said(croupier(t, again, "rollout status", v1))).at(-1), "done: 1 game server of release v1, 0 rooms");
  assert.deepEqual(
    patient.lines.filter((line) => line.endsWith("gone")),
    [],
    "the gate was away, no game server",
  );
});

/** A server with a player in each of its rooms that leaves, and one that cannot read them. */
async function stuck(t: TestContext, env: Environment) {
  const cluster = await Cluster.open(t, { servers: 0, gates: 1, serverFile, env: { DRAIN_DEADLINE: "3s", NOTICE_EVERY: "500ms" } });
  if (cluster === undefined) return undefined;
  const [gate] = cluster.gates as [Server];
  const settings = { ...v1, DATA_DIR: dataFolder(t), ...env };
  const from = await cluster.addServer(settings);
  await cluster.shows(gate, "croupier_links", 1);
  await cluster.learned();
  const players = [await seated(gate.port, 1), await seated(gate.port, 2)];
  await cluster.addServer({ ...unable, DATA_DIR: dataFolder(t) });
  await cluster.shows(gate, "croupier_links", 2);
  from.signal("SIGTERM");
  return { cluster, gate, from, players, restart: () => cluster.addServer(settings) };
}

const isFrozen = says("move start", "move back");

test("[rollout][P6] rooms that no server can read play on, hear the notice, and are dissolved at the drain deadline", async (t) => {
  // Two command lines have their say before it, one after the other.
  const all = await stuck(t, { DRAIN_DEADLINE: "10s" });
  if (all === undefined) return;
  const { gate, from, players } = all;
  const status = croupier(t, gate, "rollout status", v1);
  await status.until((line) => line === `${addressOf(from)} v1 draining (stuck), 2 rooms left`);
  const { steps, lost } = await planOf(t, gate, unable);
  assert.deepEqual([steps[0]?.outcomes[0]?.becomes, lost.rooms], ["waits", 2]);
  await everybodyWrites(players);
  for (const player of players) {
    const notice = (await player.hearUntil("Notice")).at(-1);
    assert.match(notice ?? "", /^Notice 0\/1 this room will be dissolved by the system in \d+ s/);
  }
  assert.deepEqual(await from.exited, gone);
  for (const player of players) await player.hearUntil("Disconnect 1");
  assert.ok(!from.lines.some(isFrozen), "nobody was made to pause");
});

test("[rollout][P6] with PARK=on they are parked, and go on with the successor that reads them", async (t) => {
  const all = await stuck(t, { PARK: "on" });
  if (all === undefined) return;
  const { from, players, restart } = all;
  for (const player of players) await player.hearUntil("Notice 1/0");
  assert.deepEqual(await from.exited, gone);
  assert.ok(!from.lines.some(isFrozen), "nobody was made to pause");
  await restart();
  await everybodyWrites(players);
});
