/** The operator's command line on sessions and users of running gates. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { Cluster } from "#tests/support/cluster.ts";
import { adminsOf, croupier, croupierAt } from "#tests/support/croupier.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import { Player } from "#tests/support/player.ts";
import { Server } from "#tests/support/process.ts";
import { onTerminal } from "#tests/support/terminal.ts";
import { until } from "#tests/support/until.ts";

/** Two gates and a game server; undefined, and the test skipped, where there is no Redis. */
async function twoGates(t: TestContext): Promise<{ game: Server; gates: [Server, Server] } | undefined> {
  const cluster = await Cluster.open(t, { servers: 1, gates: 2 });
  return cluster && { game: cluster.servers[0] as Server, gates: cluster.gates as [Server, Server] };
}

async function seated(port: number, user: number): Promise<Player> {
  const player = await Player.seated(port, user, { room_id: "7" });
  await player.hearUntil("Scene");
  return player;
}

/** A column of a table. */
function column(lines: readonly string[], header: string): string[] {
  const [names = [], ...rows] = lines.map((line) => line.split(/ {2,}/));
  return rows.map((row) => row[names.indexOf(header)] ?? "");
}

test("[croupier] sessions ls: by user, room, stage and address, of every gate that is asked", async (t) => {
  const fleet = await twoGates(t);
  if (fleet === undefined) return;
  const { game, gates } = fleet;
  await seated(gates[0].port, 1);
  await seated(gates[1].port, 2);
  await (await Player.connect(gates[1].port, 3)).settle();
  const at = croupierAt(t, ...gates, game);
  const users = async (flags: string): Promise<string[]> => column((await at(`sessions ls ${flags}`.trim())).lines, "USER");
  const { lines } = await at("sessions ls");
  assert.match(lines[0] ?? "", /^AT +SESSION +USER +STAGE +ADDRESS +OPENED +ROOM +LIFE +UNACKNOWLEDGED$/);
  assert.match(lines[1] ?? "", /^\S+ +[0-9a-f]{16}-\d+ +1 +seated +127\.0\.0\.1 +\d{4}-\d\d-\d\dT\S+Z +dice\/7 +[0-9a-f]{16} +0$/);
  assert.deepEqual(await users("--user 2"), ["2"]);
  assert.deepEqual([await users("--room dice/7"), await users("--room 7"), await users("--game dice")], Array(3).fill(["1", "2"]));
  assert.deepEqual([await users("--room rocket/7"), await users("--room 7 --game rocket"), await users("--room 8")], [[], [], []]);
  assert.deepEqual(await users("--stage idle"), ["3"]);
  assert.deepEqual([await users("--address 127.0.0.1 --limit 2"), await users("--address ::1")], [["1", "2"], []]);
  const [json = ""] = (await at("sessions ls --json --user 3")).lines;
  const { admin, user, stage } = JSON.parse(json) as Record<string, unknown>;
  assert.deepEqual([admin, user, stage], [adminsOf(gates[1]), 3, "idle"]);
});

test("[croupier] sessions kick asks, and closes that session at whichever gate it is", async (t) => {
  const fleet = await twoGates(t);
  if (fleet === undefined) return;
  const { gates } = fleet;
  const other = await seated(gates[0].port, 1);
  const player = await seated(gates[1].port, 2);
  const env = { CROUPIER_ADMIN: adminsOf(...gates) };
  const [id = ""] = column((await croupier(t, "sessions ls --user 2", env)).lines, "SESSION");
  const asked = onTerminal(t, `clients/croupier.ts sessions kick ${id}`, env);
  asked.write("no\n");
  assert.equal((await asked.exited).code, 1, asked.text);
  assert.ok(asked.text.includes(`close session ${id} of user 2 in dice/7? [y/N] `), asked.text);
  await player.settle();
  assert.equal((await croupier(t, `sessions kick ${id}`, env)).code, 78, "nobody to be asked");
  assert.deepEqual(await croupier(t, `sessions kick ${id} --yes`, env), {
    code: 0,
    lines: [`session ${id} of user 2 is closed`],
    errors: "",
  });
  assert.equal((await player.closed).code, 4500);
  assert.ok(!(await other.settle()).some((line) => line.startsWith("Disconnect")));
  await until(async () => (await croupier(t, `sessions kick ${id} --yes`, env)).code === 1);
});

test("[croupier] users kick and message reach every session of a user, and nobody else", async (t) => {
  const fleet = await twoGates(t);
  if (fleet === undefined) return;
  const { gates } = fleet;
  const [here, there] = [await Player.connect(gates[0].port, 1), await Player.connect(gates[1].port, 1)];
  const other = await Player.connect(gates[1].port, 2);
  const env = { CROUPIER_ADMIN: adminsOf(...gates) };
  const told = await croupier(t, ["users", "message", "1", "the table\ncloses at ten"], env);
  assert.deepEqual(told, { code: 0, lines: ["user 1 was told, at 2 sessions"], errors: "" });
  for (const player of [here, there]) assert.deepEqual(await player.hear(), ["Notice 5/0 the table\ncloses at ten"]);
  assert.equal((await croupier(t, ["users", "message", "1", "two", "words"], env)).code, 78);
  assert.match(
    (await croupier(t, ["users", "message", "1", ""], env)).errors,
    /says 400: body\/text must NOT have fewer than 1 characters/,
  );
  assert.equal((await croupier(t, ["users", "message", "3", "nobody"], env)).code, 1);

  const asked = onTerminal(t, "clients/croupier.ts users kick 1", env);
  asked.write("yes\n");
  assert.equal((await asked.exited).code, 0, asked.text);
  assert.match(asked.text, /close 2 sessions of user 1\? \[y\/N\] [\s\S]*2 sessions of user 1 closed/);
  for (const player of [here, there]) assert.equal((await player.closed).code, 4500);
  assert.deepEqual(await other.settle(), []);
  const nobody = await croupier(t, "users kick 1 --yes", env);
  assert.deepEqual([nobody.code, nobody.errors], [1, "user 1 has no session.\n"]);
  assert.deepEqual((await croupier(t, "users kick 2 --yes --json", env)).lines, ['{"sessions":1}']);
});

test("[croupier] journal status: of a durable journal, and of none", async (t) => {
  const folder = dataFolder(t);
  const durable = await Server.start(t, "game_server/main.ts", { DATA_DIR: folder, VERSION: "v7" });
  await seated(durable.port, 1);
  const memory = await Server.start(t, "game_server/main.ts");
  const { lines } = await croupierAt(t, durable)("journal status");
  assert.match(lines[0] ?? "", /^JOURNAL +BOOT +RELEASE +SYNC +STATE +ROOMS +OUTGOING +INCOMING +OVER +UNREADABLE +MOVED +LOST +BYTES$/);
  assert.match(lines[1] ?? "", /^[0-9a-f]{16} +1 +v7 +os +writes +1 +0 +0 +0 +0 +0 +0 +[1-9]\d+$/);
  assert.deepEqual(column((await croupierAt(t, durable, memory)("journal status")).lines, "SYNC"), ["os", "memory"]);
  const { id } = JSON.parse((await croupierAt(t, durable)("journal status --json")).lines.join("")) as { id: string };
  assert.ok((await croupier(t, `journal ls --data-dir ${folder}`)).lines[0]?.startsWith(`journal ${id}, `), "the same one");
});

test("[croupier][admin] an answer that is lost on its way: it is asked once more, and nothing is done twice", async (t) => {
  const server = await Server.start(t, "single.ts");
  const player = await Player.connect(server.port, 1);
  const connections = await loseFirstAnswer(t, server.adminPort);
  const told = await croupier(t, ["users", "message", "1", "once"], { CROUPIER_ADMIN: `http://127.0.0.1:${connections.port}` });
  assert.deepEqual(told, { code: 0, lines: ["user 1 was told, at 1 session"], errors: "" });
  assert.equal(connections.count, 2);
  assert.deepEqual(await player.settle(), ["Notice 5/0 once"]);
});

/** A way to a port that breaks when the first answer is on it. */
async function loseFirstAnswer(t: TestContext, to: number): Promise<{ port: number; count: number }> {
  const connections = { port: 0, count: 0 };
  const sockets: Socket[] = [];
  const listener = createServer((client) => {
    const isFirst = ++connections.count === 1;
    const there = connect(to, "127.0.0.1");
    sockets.push(client, there);
    for (const socket of [client, there]) socket.on("error", () => {});
    client.pipe(there);
    if (isFirst) there.once("data", () => client.resetAndDestroy());
    else there.pipe(client);
  });
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    listener.close();
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  connections.port = (listener.address() as AddressInfo).port;
  return connections;
}
