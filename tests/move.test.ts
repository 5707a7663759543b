/** Rooms change their owner while people play: real gates and game servers, a real Redis. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { Cluster, metricOf } from "./support/cluster.ts";
import { dataFolder } from "./support/data_folder.ts";
import { Player } from "./support/player.ts";
import { Server, start } from "./support/process.ts";
import { until } from "./support/until.ts";

const gone = { code: 0, signal: null };
const roomsCount = 12;
const resumed = "Notice 4/0";

interface RoomLine {
  readonly id: string;
  readonly life: string;
  readonly epoch: number;
}

async function post<Body>(server: Server, path: string): Promise<{ status: number; body: Body }> {
  const response = await fetch(`http://127.0.0.1:${server.adminPort}${path}`, { method: "POST" });
  return { status: response.status, body: (await response.json()) as Body };
}

async function roomsOf(server: Server): Promise<readonly RoomLine[]> {
  return (JSON.parse((await server.admin("/rooms")).body) as { rooms: RoomLine[] }).rooms;
}

/** Two gates, one game server with a player in each of its rooms, and then a second game server. */
async function twoServers(t: TestContext, env: Record<string, string> = {}) {
  const cluster = await Cluster.open(t, { servers: 0, gates: 2, env });
  if (cluster === undefined) return undefined;
  const from = await cluster.addServer({ DATA_DIR: dataFolder(t) });
  for (const gate of cluster.gates) await cluster.shows(gate, "croupier_links", 1);
  await cluster.learned();
  const players: Player[] = [];
  for (let at = 0; at < roomsCount; at++) players.push(await seated(cluster.door(at % 2), at + 1, String(at + 1)));
  const to = await cluster.addServer({ DATA_DIR: dataFolder(t) });
  for (const gate of cluster.gates) await cluster.shows(gate, "croupier_links", 2);
  return { cluster, from, to, players };
}

async function seated(port: number, user: number, room: string): Promise<Player> {
  const player = await Player.seated(port, user, { room_id: room });
  await player.hear(2);
  return player;
}

/** Everybody rolls, and hears of it: nobody was sent away, no room has forgotten who sits there. */
async function everybodyRolls(players: readonly Player[]): Promise<void> {
  for (const player of players) player.shake(6);
  for (const player of players) {
    const heard = await player.hearUntil("Shake");
    assert.deepEqual(
      heard.filter((line) => line.startsWith("Disconnect")),
      [],
    );
    assert.equal(heard.at(-1), `Shake ${player.user} 6`);
  }
}

test("[P5][P6][F4] a game server that gets SIGTERM gives its rooms to the other one, and nobody reconnects", async (t) => {
  const all = await twoServers(t);
  if (all === undefined) return;
  const { from, to, players, cluster } = all;
  from.signal("SIGTERM");
  assert.deepEqual(await from.exited, gone);
  await cluster.shows(to, "croupier_rooms", roomsCount);
  assert.deepEqual(new Set((await roomsOf(to)).map(({ epoch }) => epoch)), new Set([2]));
  await everybodyRolls(players);
  for (const player of players) assert.equal(player.socket.readyState, player.socket.OPEN);
});

test("[P5] a room is given to another server and back on request, and its player hears that it goes on, and nothing else of it", async (t) => {
  const all = await twoServers(t);
  if (all === undefined) return;
  const { from, to, players } = all;
  const room = (await roomsOf(from)).find(({ id }) => id === "1");
  assert.ok(room !== undefined);
  await until(async () => (await post(from, `/rooms/${room.life}/move`)).status === 200); // it looks for others once a second
  await until(async () => (await roomsOf(to)).some(({ life, epoch }) => life === room.life && epoch === 2));
  const nowhere = await post(from, "/rooms/dice/2/move?to=nobody");
  assert.equal(nowhere.status, 409);
  await until(async () => (await post(to, "/rooms/dice/1/move")).status === 200); // so does the new one
  await until(async () => (await roomsOf(from)).some(({ life, epoch }) => life === room.life && epoch === 3));
  assert.equal((await post(from, "/rooms/dice/99/move")).status, 404);
  const notices = (): string[][] => players.map(({ heard }) => heard.filter((line) => line.startsWith("Notice")));
  await until(() => notices()[0]?.length === 2);
  assert.deepEqual(notices(), [[resumed, resumed], ...Array.from({ length: roomsCount - 1 }, () => [])]);
  await everybodyRolls(players);
});

test("[P5] a new server gets its share of the rooms on request", async (t) => {
  const all = await twoServers(t);
  if (all === undefined) return;
  const { from, to, players } = all;
  let share: unknown;
  await until(async () => {
    const { body } = await post<{ moved: number }>(from, "/rebalance");
    share = body;
    return body.moved > 0; // before that it has not seen the new one: it looks once a second
  });
  assert.deepEqual(share, { moved: roomsCount / 2, rooms: roomsCount / 2 });
  await until(async () => (await metricOf(to, "croupier_rooms")) === roomsCount / 2);
  assert.deepEqual((await post(from, "/rebalance")).body, { moved: 0, rooms: roomsCount / 2 });
  await everybodyRolls(players);
});

test("[P4][P5] whoever comes back after a move, or asks for a moved room by name, is led to its new owner", async (t) => {
  const all = await twoServers(t);
  if (all === undefined) return;
  const { cluster, from, to, players } = all;
  players[0]?.socket.terminate();
  from.signal("SIGTERM");
  assert.deepEqual(await from.exited, gone);
  await cluster.shows(to, "croupier_rooms", roomsCount - 1); // the one whose only player dropped has ended
  const guest = await seated(cluster.door(1), 500, "2");
  guest.drop();
  players[2]?.socket.terminate();
  const back = await seated(cluster.door(1), 3, "3");
  back.drop();
});

test("[P6] without a second server the rooms wait, and go as soon as there is one", async (t) => {
  const cluster = await Cluster.open(t, { servers: 1, gates: 1 });
  if (cluster === undefined) return;
  await cluster.learned();
  const [from] = cluster.servers;
  assert.ok(from !== undefined);
  const player = await seated(cluster.door(0), 1, "1");
  from.signal("SIGTERM");
  await player.hearUntil("Notice 0/1"); // nobody takes it: it will be dissolved
  await cluster.addServer();
  assert.deepEqual(await from.exited, gone);
  await everybodyRolls([player]);
});

test("[P5] a static fleet moves too: its gate keeps the directory", async (t) => {
  const to = await Server.start(t, "game_server/main.ts", { DATA_DIR: dataFolder(t) });
  const from = await Server.start(t, "game_server/main.ts", { DATA_DIR: dataFolder(t), GAME_SERVERS: `dice=127.0.0.1:${to.port}` });
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${to.port},dice=127.0.0.1:${from.port}` });
  await until(async () => (await metricOf(gate, "croupier_links")) === 2);
  const players: Player[] = [];
  for (let at = 0; at < 6; at++) players.push(await seated(gate.port, at + 1, String(at + 1)));
  from.signal("SIGTERM");
  assert.deepEqual(await from.exited, gone);
  assert.equal(await metricOf(to, "croupier_rooms"), 6);
  await everybodyRolls(players);
});

/** The command line, on an admin listener. */
async function croupier(t: TestContext, server: Server, line: string) {
  const run = start(t, ["clients/croupier.ts", ...line.split(" ")], { CROUPIER_ADMIN: `http://127.0.0.1:${server.adminPort}` });
  const { code } = await run.exited;
  return { code, lines: run.lines, errors: run.errors };
}

test("[croupier][P5] rooms move and rebalance, servers ls, and rooms abandon for one that is gone for good", async (t) => {
  const all = await twoServers(t);
  if (all === undefined) return;
  const { cluster, from, to, players } = all;
  const [gate] = cluster.gates;
  assert.ok(gate !== undefined);
  let lines: readonly string[] = [];
  await until(async () => {
    lines = (await croupier(t, gate, "servers ls")).lines;
    return lines.some((line) => line.includes(` ${roomsCount} `));
  });
  assert.match(lines[0] ?? "", /^ADDRESS +JOURNAL +RELEASE +MACHINE +STATE +DRAIN +ROOMS +USERS +UNREADABLE$/);
  const journalAt = (port: number): string => /\S+ +(\S+)/.exec(lines.find((line) => line.includes(`:${port} `)) ?? "")?.[1] ?? "";
  assert.match(lines.join("\n"), new RegExp(`:${from.port} +\\S{16} +dev +\\S+ +serving +move +${roomsCount} +${roomsCount} +0$`, "m"));
  assert.deepEqual(await croupier(t, from, `rooms move dice/1 --to 127.0.0.1:${to.port}`), {
    ...{ code: 0, errors: "" },
    lines: [`dice/1 is at ${journalAt(to.port)}`],
  });
  const half = roomsCount / 2;
  assert.equal((await croupier(t, from, "rooms rebalance")).lines.at(-1), `${half - 1} rooms moved, ${half} still here`);
  await everybodyRolls(players);
  assert.equal((await croupier(t, gate, `rooms abandon ${journalAt(to.port)} --yes`)).code, 1, "it is there");
  to.signal("SIGKILL");
  await to.exited;
  await cluster.redis.ask("DEL", `{croupier}:lease:${journalAt(to.port)}`); // 10 s later
  await until(
    async () => (await croupier(t, gate, `rooms abandon ${journalAt(to.port)} --yes`)).lines[0]?.startsWith(`${half} rooms`) === true,
  );
});
