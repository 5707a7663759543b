/** The client library while real servers are killed, leave and move its room: what it says, and that nothing is lost. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Client, type ClientState, connect, isInRoom, type Room } from "#clients/client.ts";
import { dice } from "#protocol/dice.ts";
import { mintToken } from "#protocol/token.ts";
import { Cluster, metricOf } from "./support/cluster.ts";
import { dataFolder } from "./support/data_folder.ts";
import { developmentKey } from "./support/entrance.ts";
import { openHouse } from "./support/house.ts";
import { Server } from "./support/process.ts";
import { until } from "./support/until.ts";

/** Game servers look for each other every second. */
const lookMs = 4000;
/** A move that is not said again for so long was taken back. */
const lapsedMs = 7000;

interface Guest {
  readonly client: Client;
  readonly room: Room<typeof dice>;
  /** Each state as `is`, and from where it is back. */
  readonly states: string[];
  /** What was heard of rolls, as `user points`, and of refusals. */
  readonly heard: string[];
}

async function seated(t: TestContext, port: number, user: number): Promise<Guest> {
  const client = connect({ url: `ws://127.0.0.1:${port}`, getToken: () => mintToken(user, developmentKey) });
  t.after(() => client.close());
  const room = client.sit(dice, { room: "1" });
  const heard: string[] = [];
  room.on("shaken", ({ userId, dicePoints }) => void heard.push(`${userId} ${dicePoints}`));
  room.on("refused", ({ code }) => void heard.push(code));
  await until(() => isInRoom(client.state));
  const states: string[] = [];
  client.on("state", (state) => void states.push(short(state)));
  return { client, room, states, heard };
}

function short(state: ClientState): string {
  return state.is === "back" ? `back from ${state.from}` : state.is;
}

test("[client][F1][P3][P4] a game server killed with -9: a pause, the same seat, what was said meanwhile is applied once", async (t) => {
  const folder = dataFolder(t);
  const server = await Server.start(t, "game_server/main.ts", { DATA_DIR: folder });
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${server.port}` });
  await gate.logged("link up");
  const one = await seated(t, gate.port, 1);
  const two = await seated(t, gate.port, 2);
  one.room.send("shake", { v: 6 });
  await until(() => one.heard.length === 1 && two.heard.length === 1);
  server.signal("SIGKILL");
  await until(() => one.client.state.is === "paused" && two.client.state.is === "paused");
  assert.deepEqual([two.room.send("shake", { v: 3 }), two.room.send("shake", { v: 3 })], ["sent", "sent"]);
  assert.equal(one.client.notices[0]?.reason, "held");
  await Server.start(t, "game_server/main.ts", { DATA_DIR: folder, PORT: String(server.port) });
  await until(() => one.client.state.is === "back" && two.heard.length >= 3);
  const printed = new Promise<string>((resolve) => two.room.on("print", resolve));
  two.room.print();
  await printed; // what was to come a second time would have come before
  assert.deepEqual(one.states, ["paused", "back from pause"]);
  assert.deepEqual(two.states, ["paused", "back from pause"]);
  assert.deepEqual([one.room.seat, two.room.seat, one.room.players.length], [0, 1, 2]);
  assert.deepEqual(one.heard.slice(0, 2), ["1 6", "2 0"]);
  assert.equal(two.heard.length, 3);
  assert.deepEqual(two.heard.slice(0, 2), ["1 0", "2 3"]);
  assert.ok(["alreadyShaken", "statusMismatch"].includes(two.heard[2] ?? ""), "the second roll is refused, once");
  assert.equal(one.client.notices.length, 0);
});

test("[client][F4][P5] a room that moves while it is played: moving, then back; no connection is made anew, no roll lost", {
  timeout: 60_000,
}, async (t) => {
  const cluster = await Cluster.open(t, { servers: 2, gates: 1 });
  if (cluster === undefined) return;
  await cluster.learned();
  const one = await seated(t, cluster.door(0), 1);
  const two = await seated(t, cluster.door(0), 2);
  const rooms = await Promise.all(cluster.servers.map((server) => metricOf(server, "croupier_rooms")));
  const from = cluster.servers[rooms.indexOf(1)];
  assert.ok(from !== undefined);
  await sleep(lookMs); // who does not know of the other yet says truly that the room will be closed
  from.signal("SIGTERM");
  await until(() => one.states.length > 0);
  const movingMs = performance.now();
  assert.equal(one.room.send("shake", { v: 6 }), "sent");
  await until(() => one.client.state.is === "back" && two.client.state.is === "back");
  assert.ok(performance.now() - movingMs < lapsedMs, "it says so itself, and is not concluded from silence");
  assert.deepEqual(await from.exited, { code: 0, signal: null });
  two.room.send("shake", { v: 2 });
  await until(() => two.heard.includes("2 2") && one.heard.includes("2 0"));
  for (const { states } of [one, two]) assert.deepEqual(states, ["moving", "back from move"]);
  assert.deepEqual([one.room.seat, two.room.seat], [0, 1]);
});

test("[client][P4] a gate that leaves: a notice, a new connection, the same seat", async (t) => {
  const { port, gate } = await openHouse(t);
  const one = await seated(t, port, 1);
  const reasons: string[] = [];
  one.client.on("notice", ({ reason }) => void reasons.push(reason));
  gate.drain();
  await until(() => one.client.state.is === "connecting");
  assert.deepEqual(reasons, ["gate restart"]);
  assert.equal(one.room.send("shake", { v: 5 }), "queued");
  gate.undo();
  await until(() => one.heard.length > 0);
  assert.deepEqual(one.heard, ["1 5"], "what was queued is said once the seat is there");
  assert.ok(one.states.includes("back from reconnect") && !one.states.includes("seated"), one.states.join());
});
