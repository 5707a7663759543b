/** The order a client sees (PROTOCOL §2) and the table (PROTOCOL §3), on real sockets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "#protocol/frame.ts";
import { Command, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import { openHouse } from "./support/house.ts";
import { Player } from "./support/player.ts";

test("[PROTOCOL §2.1] first sit, on sockets: those there by ascending seat, me to all, my scene", async (t) => {
  const { port } = await openHouse(t);
  const [second, first] = [await Player.seated(port, 5, { seat: "2" }), await Player.seated(port, 6, { seat: "0" })];
  await second.hearUntil("SitDown 6@0");
  await first.hearUntil("Scene");
  const me = await Player.seated(port, 1);
  assert.deepEqual(await me.hear(4), ["SitDown 6@0", "SitDown 5@2", "SitDown 1@1", "Scene playing {}"]);
  assert.deepEqual(await first.hear(), ["SitDown 1@1"]);
  assert.deepEqual(await second.hear(), ["SitDown 1@1"]);
});

test("[PROTOCOL §2.2][PROTOCOL §2.3] dropping after a roll and coming back to the kept seat", async (t) => {
  const { port } = await openHouse(t);
  const other = await Player.seated(port, 2);
  const me = await Player.seated(port, 1, { seat: "3" });
  await me.hearUntil("Scene");
  await other.hearUntil("SitDown 1@3");
  me.shake(6);
  await me.hear();
  me.drop();
  assert.deepEqual(await other.hear(2), ["Shake 1", "Online -1"]);
  const back = await Player.seated(port, 1, { room_id: "99", seat: "0" });
  assert.deepEqual(await back.hear(2), ["Online 1", 'Scene playing {"1":6}']);
  assert.deepEqual(await other.hear(), ["Online 1"]);
});

test("[PROTOCOL §2.3] a polite close and StandUp are the same to the others", async (t) => {
  const { port } = await openHouse(t);
  const other = await Player.seated(port, 9);
  await other.hear(2);
  const [stander, closer, dropper] = [await Player.seated(port, 1), await Player.seated(port, 2), await Player.seated(port, 3)];
  await dropper.hearUntil("Scene");
  await other.hear(3);
  stander.stand();
  assert.deepEqual(await other.hear(), ["StandUp 1"]);
  await closer.close();
  assert.deepEqual(await other.hear(), ["StandUp 2"]);
  dropper.drop();
  assert.deepEqual(await other.hear(), ["StandUp 3"]);
});

test("[PROTOCOL §3] StandUp that is refused: the leaver hears nothing, is out (112) until he sits again and is back on his seat", async (t) => {
  const { port } = await openHouse(t);
  const me = await Player.seated(port, 1);
  await me.hear(2);
  me.shake(4);
  await me.hear();
  me.stand();
  me.shake();
  assert.deepEqual(await me.hear(), ["Error 112 not in a room"]);
  me.sit({ room_id: "55" });
  assert.deepEqual(await me.hear(2), ["Online 1", 'Scene playing {"1":4}']);
});

test("[PROTOCOL §2.4][PROTOCOL §2.6] a whole game of two with an offline roller, on sockets", async (t) => {
  const { port } = await openHouse(t);
  const [one, two, three] = [await Player.seated(port, 1), await Player.seated(port, 2), await Player.seated(port, 3)];
  await three.hearUntil("Scene");
  for (const player of [one, two]) await player.hearUntil("SitDown 3@2");
  one.shake(6);
  await one.hear();
  one.drop();
  assert.deepEqual(await two.hear(2), ["Shake 1", "Online -1"]);
  two.shake(2);
  assert.deepEqual(await two.hear(), ["Shake 2 2"]);
  three.shake(6);
  const end = ['Settlement [1 3] {"1":6,"2":2,"3":6}', "StandUp 1"];
  assert.deepEqual(await three.hear(6), ["Shake 1", "Online -1", "Shake 2", "Shake 3 6", ...end]);
  assert.deepEqual(await two.hear(3), ["Shake 3", ...end]);
});

test("[PROTOCOL §3] another session of the same user comes to his room whatever it asks for; the older hears Disconnect 2 and stays open", async (t) => {
  const { port } = await openHouse(t);
  const older = await Player.seated(port, 1, { room_id: "1" });
  await older.hear(2);
  const newer = await Player.seated(port, 1, { room_id: "2" });
  assert.deepEqual(await newer.hear(2), ["Online 1", "Scene playing {}"]);
  assert.deepEqual(await older.hear(), ["Disconnect 2"]);
  older.shake();
  assert.deepEqual(await older.hear(), ["Error 112 not in a room"]);
  newer.shake(3);
  assert.deepEqual(await newer.hear(), ["Shake 1 3"]);
  older.sit({ room_id: "1" });
  assert.deepEqual(await older.hear(2), ["Online 1", 'Scene playing {"1":3}']);
  assert.deepEqual(await newer.hear(), ["Disconnect 2"]);
});

test("[PROTOCOL §3] the closing of a replaced session takes nothing from the newer one", async (t) => {
  const { port } = await openHouse(t);
  const older = await Player.seated(port, 1);
  await older.hear(2);
  const newer = await Player.seated(port, 1);
  await newer.hear(2);
  await older.close();
  assert.deepEqual(await newer.settle(), []);
});

test("[directory] two servers: a room is found wherever it is, and a user holds one room in the fleet", async (t) => {
  const { port, servers } = await openHouse(t, { servers: 2 });
  const players: Player[] = [];
  for (let user = 1; user <= 8; user++) {
    const player = await Player.seated(port, user, { room_id: String(user) });
    assert.deepEqual(await player.hear(2), [`SitDown ${user}@0`, "Scene playing {}"]);
    players.push(player);
  }
  assert.deepEqual(
    servers.map((server) => server.waitsFor),
    ["4 rooms with 4 players", "4 rooms with 4 players"],
  );
  for (let user = 1; user <= 8; user++) {
    const again = await Player.seated(port, user, { room_id: String((user % 8) + 1) });
    assert.deepEqual(await again.hear(2), [`Online ${user}`, "Scene playing {}"]);
    assert.deepEqual(await players[user - 1]?.hear(), ["Disconnect 2"]);
  }
});

test("[P1] sits of one new room at the same instant end in one room", async (t) => {
  const { port, servers } = await openHouse(t, { servers: 2 });
  const players = await Promise.all(Array.from({ length: 4 }, (_, at) => Player.connect(port, at + 1)));
  for (const player of players) player.sit({ room_id: "77" });
  for (const player of players) await player.hearUntil("Scene");
  assert.deepEqual(servers.map((server) => server.waitsFor).toSorted(), ["0 rooms with 0 players", "1 room with 4 players"]);
});

test("[directory] one user sitting in two rooms at the same instant ends up in one", async (t) => {
  const { port, servers } = await openHouse(t, { servers: 2 });
  const sessions = await Promise.all([Player.connect(port, 1), Player.connect(port, 1), Player.connect(port, 1)]);
  for (const [at, session] of sessions.entries()) session.sit({ room_id: String(at + 1) });
  for (const session of sessions) await session.hearUntil("Scene");
  const users = servers.map((server) => Number(/with (\d+)/.exec(server.waitsFor)?.[1]));
  assert.equal(
    users.reduce((all, count) => all + count, 0),
    1,
  );
});

test("[directory] matching: without a room id, rooms fill up before new ones open; options are compared", async (t) => {
  const { port } = await openHouse(t, { env: { SEATS: "2" } });
  const seat = async (user: number, options?: string): Promise<string[]> => {
    const player = await Player.connect(port, user);
    player.send(sitWithoutRoom(options));
    return player.hearUntil("Scene");
  };
  assert.deepEqual(await seat(1), ["SitDown 1@0", "Scene playing {}"]);
  assert.deepEqual(await seat(2, '{"stake":5}'), ["SitDown 2@0", "Scene playing {}"]);
  assert.deepEqual(await seat(3), ["SitDown 1@0", "SitDown 3@1", "Scene playing {}"]);
  assert.deepEqual(await seat(4, '{ "stake": 5 }'), ["SitDown 2@0", "SitDown 4@1", "Scene playing {}"]);
  assert.deepEqual(await seat(5), ["SitDown 5@0", "Scene playing {}"]);
  assert.deepEqual(await seat(6, '{"private":true}'), ["SitDown 6@0", "Scene playing {}"]);
  assert.deepEqual(await seat(7, '{"private":true}'), ["SitDown 7@0", "Scene playing {}"]);
});

test("[PROTOCOL §1.3] mode: join on none 118, create on an existing room 117, create makes a new one", async (t) => {
  const { port } = await openHouse(t);
  const one = await Player.connect(port, 1);
  one.sit({ room_id: "4", mode: "join" });
  assert.deepEqual(await one.hear(), ["Error 118 no such room"]);
  one.send(sitWithoutRoom(undefined, "join"));
  assert.deepEqual(await one.hear(), ["Error 118 no such room"]);
  one.sit({ room_id: "4", mode: "create" });
  assert.deepEqual(await one.hear(2), ["SitDown 1@0", "Scene playing {}"]);
  const two = await Player.connect(port, 2);
  two.sit({ room_id: "4", mode: "create" });
  assert.deepEqual(await two.hear(), ["Error 117 not allowed"]);
  two.sit({ room_id: "4", mode: "join" });
  assert.deepEqual(await two.hear(3), ["SitDown 1@0", "SitDown 2@1", "Scene playing {}"]);
  const three = await Player.connect(port, 3);
  three.send(sitWithoutRoom(undefined, "create"));
  assert.deepEqual(await three.hear(2), ["SitDown 3@0", "Scene playing {}"]);
});

test("[P7] a full room is refused with 111, and the same session may sit elsewhere", async (t) => {
  const { port } = await openHouse(t, { env: { SEATS: "1", WATCHERS: "1" } });
  const [player, watcher, late] = [await Player.seated(port, 1), await Player.seated(port, 2), await Player.seated(port, 3)];
  await player.hearUntil("Scene");
  assert.deepEqual(await watcher.hearUntil("Scene"), ["SitDown 1@0", "SitDown 2@1", "Scene playing {}"]);
  assert.deepEqual(await late.hear(), ["Error 111 room full"]);
  late.sit({ room_id: "2" });
  assert.deepEqual(await late.hear(2), ["SitDown 3@0", "Scene playing {}"]);
});

test("[P7] rooms per game server: refused with 115, placed elsewhere when there is room", async (t) => {
  const { port } = await openHouse(t, { env: { ROOMS: "1" } });
  const one = await Player.seated(port, 1, { room_id: "1" });
  await one.hear(2);
  const two = await Player.seated(port, 2, { room_id: "2" });
  assert.deepEqual(await two.hear(), ["Error 115 limit reached"]);
  two.sit({ room_id: "1" });
  assert.deepEqual(await two.hear(3), ["SitDown 1@0", "SitDown 2@1", "Scene playing {}"]);
});

test("[PROTOCOL §3] a sit that fails leaves no half-made room", async (t) => {
  const { port, servers } = await openHouse(t, { env: { WATCHERS: "0" } });
  const player = await Player.connect(port, 1);
  player.sit({ watch: "true" });
  assert.deepEqual(await player.hear(), ["Error 111 room full"]);
  assert.equal(servers[0]?.waitsFor, "0 rooms with 0 players");
  player.sit({ room_id: "2" });
  assert.deepEqual(await player.hear(2), ["SitDown 1@0", "Scene playing {}"]);
});

function sitWithoutRoom(options?: string, mode = "any") {
  const metadata = { game_name: "dice", mode, ...(options === undefined ? {} : { options }) };
  return encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata });
}
