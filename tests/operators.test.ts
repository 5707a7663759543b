/** What operators see and do through the admin listener of running processes: lists with filters, kicks, messages (ARCHITECTURE §7). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { JournalView, RebalanceView, RoomDetailView, RoomsPageView, SessionsPageView, SessionView } from "#protocol/admin_views.ts";
import { ask, askText, json, playing } from "./support/ask.ts";
import { dataFolder } from "./support/data_folder.ts";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";
import { until } from "./support/until.ts";

/** What is listed at `path`. */
async function get<View>(server: Server, path: string): Promise<View> {
  const { status, body } = await ask(server, "GET", path);
  assert.equal(status, 200, `${path}: ${JSON.stringify(body)}`);
  return body as View;
}

async function sessionsOf(server: Server, query: string): Promise<readonly SessionView[]> {
  return (await get<SessionsPageView>(server, `/sessions?${query}`)).sessions;
}

test("[admin] GET /rooms by game, phase, user, version and free seats", async (t) => {
  const { server } = await playing(t, { SEATS: "1" });
  await (await Player.seated(server.port, 2, { room_id: "2", game_name: "rocket" })).hear(2);
  const names = async (query: string): Promise<string[]> => {
    const { rooms } = await get<RoomsPageView>(server, `/rooms?${query}`);
    return rooms.map(({ game, id }) => `${game}/${id}`).toSorted();
  };
  assert.deepEqual(await names(""), ["dice/1", "rocket/2"]);
  assert.deepEqual(await names("game=rocket"), ["rocket/2"]);
  assert.deepEqual(await names("phase=playing"), ["dice/1"]);
  assert.deepEqual(await names("user=2"), ["rocket/2"]);
  assert.deepEqual(await names("user=2&game=dice"), []);
  assert.deepEqual(await names("user=3"), []);
  assert.deepEqual(await names("version=1&game=dice"), ["dice/1"]);
  assert.deepEqual(await names("version=99"), []);
  assert.deepEqual(await names("free=false&game=dice"), ["dice/1"], "its only seat is taken");
  assert.deepEqual(await names("free=true&game=dice"), []);
  for (const query of ["user=0", "user=x", "free=maybe", "version=1.5", `game=${"x".repeat(65)}`])
    assert.equal((await ask(server, "GET", `/rooms?${query}`)).status, 400, query);
});

test("[admin] a session: from where, since when, in which room; by every filter, and by its name", async (t) => {
  const { server } = await playing(t, { TRUSTED_PROXIES: "127.0.0.1" });
  const idle = await Player.connect(server.port, 2);
  const [seated] = await sessionsOf(server, "user=1");
  assert.ok(seated !== undefined);
  const { life } = await get<RoomDetailView>(server, "/rooms/dice/1");
  const { id, openedAt, ...rest } = seated;
  assert.deepEqual(rest, { user: 1, stage: "seated", address: "127.0.0.1", game: "dice", room: "1", life, unacknowledged: 0 });
  assert.ok(Math.abs(Date.parse(openedAt) - Date.now()) < 60_000);
  assert.deepEqual(await get<SessionView>(server, `/sessions/${id}`), seated);
  const users = async (query: string): Promise<number[]> => (await sessionsOf(server, query)).map(({ user }) => user);
  assert.deepEqual(await users("stage=idle"), [2]);
  assert.deepEqual(await users("game=dice&room=1"), [1]);
  assert.deepEqual(await users("room=2"), []);
  assert.deepEqual(await users("address=127.0.0.1"), [1, 2]);
  assert.deepEqual(await users("address=192.0.2.1"), []);
  for (const path of [`/sessions/${id}9`, `/sessions/${"0".repeat(16)}-1`])
    assert.equal((await ask(server, "GET", path)).status, 404, path);
  for (const path of ["/sessions/1", "/sessions?stage=gone", "/sessions?after=-1"])
    assert.equal((await ask(server, "GET", path)).status, 400, path);
  await idle.close();
});

test("[admin][PROTOCOL §1.5] a kicked session is closed with 4500, its game is asked, and its client stays away", async (t) => {
  const { server, player } = await playing(t);
  const other = await Player.seated(server.port, 2);
  await other.hearUntil("Scene");
  const [{ id } = { id: "" }] = await sessionsOf(server, "user=1");
  assert.deepEqual((await ask(server, "POST", `/sessions/${id}/kick`)).body, { id });
  assert.deepEqual(await player.closed, { code: 4500, reason: "removed by an operator" });
  await other.hearUntil("StandUp 1");
  await until(async () => (await ask(server, "POST", `/sessions/${id}/kick`)).status === 404);
  assert.equal((await ask(server, "GET", `/sessions/${id}`)).status, 404);
  assert.match((await server.admin("/metrics")).body, /^croupier_session_ends_total\{end="kicked",code="4500",.*\} 1$/m);
});

test("[admin][P4] who is kicked after his roll keeps his seat, as anybody who drops", async (t) => {
  const { server, player } = await playing(t);
  const other = await Player.seated(server.port, 2);
  await other.hearUntil("Scene");
  player.shake(6);
  await other.hearUntil("Shake");
  assert.deepEqual((await ask(server, "POST", "/users/1/kick")).body, { sessions: 1 });
  await other.hearUntil("Online -1");
  const { seated } = await get<RoomDetailView>(server, "/rooms/dice/1");
  assert.deepEqual(seated[0], { user: 1, seat: 0, online: false, absent: false });
});

test("[admin] every session of a user is kicked, the others stay; again: 404", async (t) => {
  const { server, player } = await playing(t);
  const [second, other] = await Promise.all([Player.connect(server.port, 1), Player.connect(server.port, 2)]);
  assert.deepEqual((await ask(server, "POST", "/users/1/kick")).body, { sessions: 2 });
  for (const { closed } of [player, second]) assert.equal((await closed).code, 4500);
  assert.equal((await ask(server, "POST", "/users/1/kick")).status, 404);
  assert.equal((await ask(server, "POST", "/users/0/kick")).status, 400);
  await other.settle();
});

test("[admin][PROTOCOL §1.7] a message to a user reaches each of his sessions as a notice, and nobody else", async (t) => {
  const { server, player } = await playing(t);
  const [second, other] = await Promise.all([Player.connect(server.port, 1), Player.connect(server.port, 2)]);
  const text = "Server wird gleich gewartet\n谢谢 🎲";
  assert.deepEqual((await ask(server, "POST", "/users/1/message", json({ text }))).body, { sessions: 2 });
  assert.deepEqual(await player.hear(), [`Notice 5/0 ${text}`]);
  assert.deepEqual(await second.hear(), [`Notice 5/0 ${text}`]);
  assert.deepEqual(await other.settle(), []);
  assert.equal((await ask(server, "POST", "/users/3/message", json({ text }))).status, 404);
});

test("[admin] a message is 1 to 1000 characters without control characters", async (t) => {
  const { server, player } = await playing(t);
  const bad = ["", "x".repeat(1001), "a\u0000b", "a\u001b[31m", "a\rb", "a\tb", "a\u007fb", "a\u0085b", "a\ud800b"];
  for (const text of bad) assert.equal((await ask(server, "POST", "/users/1/message", json({ text }))).status, 400, JSON.stringify(text));
  for (const body of [{}, { text: {} }, { text: null }, { text: "a", user: 2 }, "a", null, []])
    assert.equal((await ask(server, "POST", "/users/1/message", json(body))).status, 400, JSON.stringify(body));
  assert.equal((await ask(server, "POST", "/users/1/message")).status, 400, "no body");
  assert.equal((await askText(server, "POST", "/users/1/message", { body: "text" })).status, 415);
  assert.equal((await ask(server, "POST", "/users/1/message", json({ text: "x".repeat(70_000) }))).status, 413);
  assert.deepEqual(await player.settle(), [], "nothing of it was told");
  assert.equal(
    (await ask(server, "POST", "/users/1/message", json({ text: "🎲".repeat(1000) }))).status,
    200,
    "characters, not their halves",
  );
});

test("[admin] GET /journal: what the running server knows of it", async (t) => {
  const server = await Server.start(t, "game_server/main.ts", { DATA_DIR: dataFolder(t), VERSION: "v7", JOURNAL_SYNC: "full" });
  const player = await Player.seated(server.port, 1);
  await player.hear(2);
  const { id, bytes, ...rest } = await get<JournalView>(server, "/journal");
  assert.match(id, /^[0-9a-f]{16}$/);
  assert.ok(bytes > 4096, `${bytes} bytes`);
  const counts = { rooms: 1, outgoing: 0, incoming: 0, over: 0, unreadable: 0, moved: 0, lost: { rooms: 0, turns: 0 } };
  assert.deepEqual(rest, { boot: 1, release: "v7", isDurable: true, sync: "full", isStalled: false, ...counts });
});

test("[admin] GET /journal of a server that keeps nothing; GET /rebalance of one that has nobody to give rooms to", async (t) => {
  const { server } = await playing(t);
  const { isDurable, sync, bytes } = await get<JournalView>(server, "/journal");
  assert.deepEqual([isDurable, sync, bytes], [false, undefined, 0]);
  assert.deepEqual(await get<RebalanceView>(server, "/rebalance"), { isUnderWay: false, moved: 0, left: 0 });
});
