/** The admin listener's API on real processes: /drain, /rooms, /sessions, and how it refuses. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ask, askText, playing } from "./support/ask.ts";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";

test("[admin][P6] POST /drain is a first signal and never a second one; GET says what it waits for", async (t) => {
  const { server, player } = await playing(t);
  const serving = { stage: "serving", kind: "wait", rooms: 1, players: 1, sessions: 1, waitsFor: "" };
  assert.deepEqual((await ask(server, "GET", "/drain")).body, serving);
  for (let time = 0; time < 3; time++) {
    const { status, body } = await ask(server, "POST", "/drain");
    const { deadlineLeftMs, ...state } = body;
    assert.equal(status, 200);
    assert.deepEqual(state, { ...serving, stage: "draining", waitsFor: "1 room with 1 player" });
    assert.ok(Number(deadlineLeftMs) > 100_000 && Number(deadlineLeftMs) <= 110_000);
  }
  assert.deepEqual((await player.settle()).length, 1, "one notice, no Disconnect");
  server.signal("SIGTERM");
  await player.hearUntil("Disconnect 1");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
});

test("[admin][P6] DELETE /drain goes back to serving, and the next signal is a first one again", async (t) => {
  const { server, player } = await playing(t);
  server.signal("SIGTERM");
  await player.hearUntil("Notice 0/1");
  assert.equal((await ask(server, "DELETE", "/drain")).body["stage"], "serving");
  assert.deepEqual(await server.admin("/readyz"), { status: 200, body: "ok\n" });
  const other = await Player.seated(server.port, 2, { room_id: "2" });
  assert.deepEqual(await other.hear(2), ["SitDown 2@0", "Scene playing {}"], "new rooms again");
  server.signal("SIGTERM");
  await other.hearUntil("Notice 0/1");
  assert.equal((await ask(server, "GET", "/drain")).body["stage"], "draining");
  server.signal("SIGTERM");
  await other.hearUntil("Disconnect 1");
  assert.deepEqual(await server.exited, { code: 0, signal: null });
});

test("[admin][P6] DELETE /drain without a drain: 409", async (t) => {
  const { server } = await playing(t);
  assert.equal((await ask(server, "DELETE", "/drain")).status, 409);
});

test("[admin][P6] DELETE /drain at a gate: who is still connected stays, and new players come in", async (t) => {
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: "dice=127.0.0.1:1", DRAIN_WINDOW: "60s" });
  const players = await Promise.all(Array.from({ length: 200 }, (_, at) => Player.connect(gate.port, at + 1)));
  assert.equal((await ask(gate, "POST", "/drain")).body["kind"], "close");
  await assert.rejects(Player.connect(gate.port, 900), /503/);
  const { stage, sessions } = (await ask(gate, "DELETE", "/drain")).body;
  assert.equal(stage, "serving");
  assert.ok(Number(sessions) > 0, `${sessions} of 200 left after the undo`);
  await (await Player.connect(gate.port, 900)).settle();
  const open = players.filter(({ socket }) => socket.readyState === socket.OPEN);
  assert.ok(open.length > 0);
  await Promise.all(open.slice(0, 10).map((player) => player.settle()));
});

test("[admin][P6] an empty server answers the POST that ends it", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const { status, body } = await ask(server, "POST", "/drain");
  assert.deepEqual([status, body["rooms"]], [200, 0]);
  assert.deepEqual(await server.exited, { code: 0, signal: null });
});

test("[admin] POST takes no body, an empty one or {}; anything else is 400 or 415", async (t) => {
  const { server } = await playing(t);
  const json = { "Content-Type": "application/json" };
  assert.equal((await ask(server, "POST", "/drain", { headers: json, body: "{}" })).status, 200);
  assert.equal((await ask(server, "POST", "/drain", { headers: json })).status, 200);
  assert.equal((await ask(server, "POST", "/drain", { headers: json, body: '{"kind":"park"}' })).status, 400);
  assert.equal((await ask(server, "POST", "/drain", { headers: json, body: "{" })).status, 400);
  assert.equal((await ask(server, "POST", "/drain", { body: "now" })).status, 415);
});

test("[admin] a path that is served answers other methods with 405 and what it allows, others with 404", async (t) => {
  const { server } = await playing(t);
  const { status, headers } = await ask(server, "PUT", "/drain");
  assert.deepEqual([status, headers.get("allow")], [405, "GET, HEAD, POST, DELETE"]);
  for (const path of ["/rooms", "/rooms/dice/1", "/sessions", "/livez", "/metrics"])
    assert.equal((await ask(server, "DELETE", path)).status, 405, path);
  for (const path of ["/rooms/dice/1/dissolve", "/rooms/ab/dissolve"]) assert.equal((await ask(server, "GET", path)).status, 405, path);
  for (const path of ["/rooms/dice/2", "/rooms/ab", "/nothing"]) assert.equal((await ask(server, "GET", path)).status, 404, path);
  assert.equal((await ask(server, "POST", "/rooms/dice/2/dissolve")).status, 404);
});

test("[admin] with a token every path but two needs it, by every method, and nothing changes without it", async (t) => {
  const { server } = await playing(t, { ADMIN_TOKEN: "let-me-in" });
  for (const [method, path] of [
    ["POST", "/drain"],
    ["DELETE", "/drain"],
    ["GET", "/rooms"],
    ["GET", "/sessions"],
    ["GET", "/openapi.json"],
    ["POST", "/rooms/dice/1/dissolve"],
    ["PUT", "/drain"],
  ] as const)
    assert.equal((await askText(server, method, path)).status, 401, `${method} ${path}`);
  const headers = { Authorization: "Bearer let-me-in" };
  const { body } = await ask(server, "GET", "/drain", { headers });
  assert.deepEqual([body["stage"], body["rooms"]], ["serving", 1]);
});

test("[admin] GET /rooms in pages, one room by either name, and its end", async (t) => {
  const { server, player } = await playing(t);
  const others = [2, 3, 4, 5].map((user) => Player.seated(server.port, user, { room_id: String(user) }));
  for (const other of await Promise.all(others)) await other.hear(2);
  const lives: string[] = [];
  for (let after = ""; ; after = `&after=${lives.at(-1)}`) {
    const { rooms, next } = (await ask(server, "GET", `/rooms?limit=2${after}`)).body as { rooms: { life: string }[]; next?: string };
    lives.push(...rooms.map(({ life }) => life));
    assert.ok(rooms.length <= 2);
    assert.ok(next === undefined || next === lives.at(-1));
    if (next === undefined) break;
  }
  assert.deepEqual([lives.length, lives.toSorted()], [5, lives]);
  for (const query of ["limit=0", "limit=1001", "limit=x", "after=zz", "what=1"])
    assert.equal((await ask(server, "GET", `/rooms?${query}`)).status, 400, query);

  player.shake(6);
  await player.hearUntil("Shake");
  const { life, print, seated, ...view } = (await ask(server, "GET", "/rooms/dice/1")).body;
  const seats = { seats: 4, free: 3, watchers: 0, users: 1 };
  assert.deepEqual(view, { game: "dice", id: "1", epoch: 1, version: 1, phase: "playing", ...seats });
  const [{ session, ...seat } = {}] = seated as Record<string, unknown>[];
  assert.deepEqual(seat, { user: 1, seat: 0, online: true, absent: false });
  assert.match(String(session), /^[0-9a-f]{16}-1$/);
  const shown = /^dice room 1, playing\n {2}seat 0: user 1, online\nleft \d+ ms\ndice user 1: rolled\n/;
  assert.match(String(print), shown, "what everyone may see, and a roll is its roller's");
  assert.match(String((await ask(server, "GET", `/rooms/${life}`)).body["print"]), shown);

  assert.deepEqual((await ask(server, "POST", `/rooms/${life}/dissolve`)).body, { life });
  assert.deepEqual(await player.hear(2), ['Settlement [1] {"1":6}', "Disconnect 1"]);
  assert.equal((await ask(server, "GET", "/rooms/dice/1")).status, 404);
  assert.equal((await ask(server, "POST", "/rooms/dice/2/dissolve")).status, 200);
});

test("[admin] GET /sessions in pages", async (t) => {
  const { server } = await playing(t);
  await Promise.all([7, 8].map((user) => Player.connect(server.port, user)));
  const first = (await ask(server, "GET", "/sessions?limit=2")).body as { sessions: Record<string, unknown>[]; next: number };
  const second = (await ask(server, "GET", `/sessions?limit=2&after=${first.next}`)).body as typeof first;
  const all = [...first.sessions, ...second.sessions];
  assert.deepEqual([first.sessions.length, second.sessions.length, second.next], [2, 1, undefined]);
  assert.deepEqual(all.map(({ user }) => Number(user)).toSorted(), [1, 7, 8]);
  assert.deepEqual(all[0]?.["stage"], "seated");
  assert.match(String(all[0]?.["id"]), /^[0-9a-f]{16}-1$/);
});
