/** Who may ask the admin listener what, what is written down of it, and what is asked twice (ARCHITECTURE §7). */
import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { ask, askText, json, playing } from "./support/ask.ts";
import { dataFolder } from "./support/data_folder.ts";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";
import { type Said, said, says } from "./support/said.ts";
import { until } from "./support/until.ts";

const tokens = { ADMIN_TOKEN: "an operator's token", ADMIN_READ_TOKEN: "a reader's token" };
const bearer = (token: string): Record<string, string> => ({ Authorization: `Bearer ${token}` });
const operator = { headers: bearer(tokens.ADMIN_TOKEN) };
const reader = { headers: bearer(tokens.ADMIN_READ_TOKEN) };

/** What is written down of requests for a change. */
function actionsOf(server: Server): Said[] {
  return said(server.lines, "admin action");
}

/** The error has one shape, and `status` in it. */
function assertRefusal(body: Record<string, unknown>, status: number, what: string): void {
  const { statusCode, error, message, ...others } = body;
  assert.equal(statusCode, status, what);
  assert.ok(typeof error === "string" && error !== "" && typeof message === "string" && message !== "", what);
  assert.deepEqual(others, {}, what);
}

test("[admin] the reader's token reads, and changes nothing; the operator's does both; another one does neither", async (t) => {
  const { server, player } = await playing(t, tokens);
  for (const path of ["/rooms", "/rooms/dice/1", "/sessions", "/servers", "/drain", "/metrics", "/openapi.json", "/journal", "/rebalance"])
    for (const [who, init] of Object.entries({ operator, reader }))
      assert.equal((await askText(server, "GET", path, init)).status, 200, `${who} ${path}`);
  for (const [method, path] of [
    ["POST", "/drain"],
    ["DELETE", "/drain"],
    ["POST", "/log-level"],
    ["POST", "/rooms/dice/1/dissolve"],
    ["POST", "/rebalance"],
    ["POST", "/users/1/kick"],
    ["POST", "/nothing"],
    ["PUT", "/drain"],
    ["OPTIONS", "/drain"],
  ] as const) {
    const { status, body } = await ask(server, method, path, reader);
    assertRefusal(body, 403, `${method} ${path}`);
    assert.deepEqual([status, body["message"]], [403, "this token may only read"], `${method} ${path}`);
  }
  assert.deepEqual(await player.settle(), []);
  assert.equal((await ask(server, "POST", "/users/1/kick", operator)).status, 200);
});

test("[admin] with the reader's token alone nobody operates, and nobody reads without it, loopback or not", async (t) => {
  const { server } = await playing(t, { ADMIN_READ_TOKEN: tokens.ADMIN_READ_TOKEN });
  assert.equal((await ask(server, "GET", "/drain", reader)).status, 200);
  assert.equal((await ask(server, "GET", "/drain")).status, 401);
  assert.equal((await ask(server, "POST", "/drain")).status, 401);
  assert.equal((await ask(server, "POST", "/drain", { headers: bearer("undefined") })).status, 401);
  assert.equal((await ask(server, "POST", "/drain", { headers: { Authorization: "Bearer " } })).status, 401);
});

test("[admin] one token for both roles stops the start", async (t) => {
  const run = Server.launch(t, "single.ts", { ADMIN_TOKEN: "one for both", ADMIN_READ_TOKEN: "one for both" });
  assert.deepEqual(await run.exited, { code: 78, signal: null });
  assert.match(run.errors, /^croupier: ADMIN_READ_TOKEN is the same as ADMIN_TOKEN/);
});

test("[admin] a token is compared whole: no part of it, no more of it, no other scheme", async (t) => {
  const { server } = await playing(t, tokens);
  const token = tokens.ADMIN_TOKEN;
  for (const authorization of [
    "",
    token,
    `Basic ${token}`,
    `Bearer ${token}x`,
    `Bearer ${token.slice(0, -1)}`,
    `Bearer ${token.toUpperCase()}`,
    `Bearer ${token}, x`,
  ]) {
    const { status, headers, body } = await ask(server, "GET", "/drain", { headers: { Authorization: authorization } });
    assert.deepEqual([status, headers.get("www-authenticate")], [401, "Bearer"], authorization);
    assertRefusal(body, 401, authorization);
  }
  assert.equal((await ask(server, "GET", "/drain", { headers: { Authorization: `bearer ${token}` } })).status, 200, "schemes have no case");
});

test("[admin] without a token no web page may ask, by whatever name it calls this machine", async (t) => {
  const { server, player } = await playing(t);
  const { status, body } = await ask(server, "POST", "/drain", { headers: { Origin: "https://evil.example" } });
  assertRefusal(body, 403, "another origin");
  assert.equal(status, 403);
  assert.match(
    await raw(server.adminPort, "POST /drain HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"),
    /^HTTP\/1\.1 403 /,
  );
  for (const host of [`localhost:${server.adminPort}`, `127.0.0.1:${server.adminPort}`, "[::1]:60009", ""])
    assert.match(
      await raw(server.adminPort, `GET /drain HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
      /^HTTP\/1\.1 200 /,
      host,
    );
  assert.deepEqual(await player.settle(), []);
});

test("[admin] HEAD is GET without a body; nothing changes by either", async (t) => {
  const { server, player } = await playing(t, tokens);
  for (const path of ["/drain", "/rooms", "/rooms/dice/1", "/metrics", "/livez", "/sessions"]) {
    const { status, text } = await askText(server, "HEAD", path, reader);
    assert.deepEqual([status, text], [200, ""], path);
  }
  assert.equal((await askText(server, "HEAD", "/rooms/dice/2", reader)).status, 404);
  assert.equal((await askText(server, "HEAD", "/users/1/kick", operator)).status, 405);
  for (const path of ["/users/1/kick", "/rooms/dice/1/dissolve", "/users/1/message"])
    assert.equal((await ask(server, "GET", path, operator)).status, 405);
  assert.deepEqual(await player.settle(), []);
  assert.deepEqual(actionsOf(server), []);
});

test("[admin] every error is one object: status, its words, a sentence", async (t) => {
  const { server } = await playing(t, tokens);
  const cases: [status: number, method: string, path: string, init: RequestInit][] = [
    [400, "GET", "/rooms?limit=0", operator],
    [400, "POST", "/users/1/message", json({ text: "" }, operator.headers)],
    [400, "POST", "/log-level", { headers: { ...operator.headers, "Content-Type": "application/json" }, body: "{" }],
    [
      400,
      "POST",
      "/log-level",
      { headers: { ...operator.headers, "Content-Type": "application/json" }, body: '{"__proto__":{"level":"info"}}' },
    ],
    [400, "GET", "/%zz", operator],
    [401, "GET", "/rooms", {}],
    [403, "POST", "/drain", reader],
    [404, "GET", "/nothing", operator],
    [414, "GET", `/rooms/${"x".repeat(3000)}/1`, operator],
    [404, "GET", "/rooms/dice/2", operator],
    [405, "PATCH", "/rooms", operator],
    [405, "OPTIONS", "/rooms", operator],
    [409, "DELETE", "/drain", operator],
    [413, "POST", "/users/1/message", json({ text: "x".repeat(70_000) }, operator.headers)],
    [415, "POST", "/drain", { headers: { ...operator.headers, "Content-Type": "text/plain" }, body: "now" }],
    [415, "POST", "/drain", { headers: { ...operator.headers, "Content-Type": "multipart/form-data; boundary=x" }, body: "--x--" }],
  ];
  for (const [status, method, path, init] of cases) {
    const { body, headers, ...answer } = await ask(server, method, path, init);
    assert.equal(answer.status, status, `${method} ${path}`);
    assert.equal(headers.get("content-type"), "application/json; charset=utf-8", `${method} ${path}`);
    assertRefusal(body, status, `${method} ${path}`);
  }
});

test("[admin] what is no HTTP is answered in the same shape, and cut", async (t) => {
  const { server } = await playing(t);
  const shaped = /^HTTP\/1\.1 (\d+) .*\r\n\r\n(\{.*\})$/s;
  for (const [bytes, status] of [
    ["garbage\r\n\r\n", 400],
    ["GET /drain HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400],
    [`GET /drain HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`, 431],
  ] as const) {
    const [, code, body = ""] = shaped.exec(await raw(server.adminPort, bytes)) ?? [];
    assert.equal(Number(code), status);
    assertRefusal(JSON.parse(body) as Record<string, unknown>, status, bytes.slice(0, 40));
  }
  assert.equal((await ask(server, "GET", "/drain")).status, 200);
});

test("[admin] a process that starts says 503 in the same shape, to whom it would answer", async (t) => {
  const env = { DATA_DIR: dataFolder(t), ...tokens };
  await Server.start(t, "game_server/main.ts", env);
  const waiting = Server.launch(t, "game_server/main.ts", env);
  const { "admin.port": adminPort } = JSON.parse(await waiting.until(says("journal wait")).then(() => waiting.until(says("start")))) as {
    "admin.port": number;
  };
  const { status, headers, body } = await ask({ adminPort }, "POST", "/drain", operator);
  assert.deepEqual([status, headers.get("retry-after")], [503, "1"]);
  assertRefusal(body, 503, "it starts");
  assert.equal((await ask({ adminPort }, "POST", "/drain")).status, 401);
});

test("[admin] who asked for a change, in which role, and what became of it, is one line; what he said is not in it", async (t) => {
  const { server } = await playing(t, tokens);
  await ask(server, "GET", "/rooms", operator);
  await ask(server, "POST", "/users/1/message", json({ text: "a private word" }, operator.headers));
  await ask(server, "POST", "/rooms/dice/1/move?to=somebody-secret", operator);
  await ask(server, "POST", "/drain", reader);
  await ask(server, "DELETE", "/drain");
  await ask(server, "POST", `/${"n".repeat(2000)}`, operator);
  await ask(server, "PUT", "/drain", operator);
  await until(() => actionsOf(server).length >= 6);
  const told = actionsOf(server).map((line) => [
    line["user.roles"],
    line["http.request.method"],
    line["url.path"],
    line["http.response.status_code"],
  ]);
  assert.deepEqual(told, [
    ["operate", "POST", "/users/1/message", 200],
    ["operate", "POST", "/rooms/dice/1/move", 409],
    ["read", "POST", "/drain", 403],
    ["none", "DELETE", "/drain", 401],
    ["operate", "POST", `/${"n".repeat(255)}`, 404],
    ["operate", "PUT", "/drain", 405],
  ]);
  for (const line of actionsOf(server)) {
    assert.equal(line["client.address"], "127.0.0.1");
    assert.equal(line["log.level"], "info");
    assert.ok(Number(line["event.duration"]) >= 0);
  }
  assert.doesNotMatch(server.lines.join("\n"), /a private word|somebody-secret/);
  const { text } = await askText(server, "GET", "/metrics", reader);
  assert.match(text, /^croupier_admin_requests_total\{role="none",method="DELETE",status="401",.*\} 1$/m);
  assert.match(text, /^croupier_admin_requests_total\{role="read",method="POST",status="403",.*\} 1$/m);
  assert.match(text, /^croupier_admin_requests_total\{role="operate",method="POST",status="200",.*\} 1$/m);
});

test("[admin] at no level is a change silent, nor that of the level itself", async (t) => {
  const server = await Server.start(t, "single.ts", tokens);
  assert.equal((await askText(server, "POST", "/log-level", json({ level: "silent" }, operator.headers))).status, 200);
  assert.equal((await askText(server, "POST", "/rebalance", operator)).status, 200);
  await until(() => actionsOf(server).length === 2);
  assert.deepEqual(
    actionsOf(server).map((line) => line["url.path"]),
    ["/log-level", "/rebalance"],
  );
  assert.ok(server.lines.some(says("log level")));
});

test("[admin] what has no path of ours is asked for its token, too, and written down", async (t) => {
  const server = await Server.start(t, "single.ts", tokens);
  const odd = ["/rooms/%zz/dissolve", `/rooms/dice/${"1".repeat(200)}/dissolve`];
  for (const path of odd) assert.equal((await ask(server, "POST", path)).status, 401, path.slice(0, 20));
  assert.deepEqual(await Promise.all(odd.map(async (path) => (await ask(server, "POST", path, operator)).status)), [400, 414]);
  assert.equal((await ask(server, "POST", "/livez")).status, 401);
  assert.equal((await ask(server, "POST", "/livez", operator)).status, 405);
  await until(() => actionsOf(server).length === 6);
});

test("[admin][P7] strangers cause a bounded number of lines, and all are counted", async (t) => {
  const { server } = await playing(t, tokens);
  for (let at = 0; at < 100; at++) await ask(server, "POST", `/drain?${at}`);
  await ask(server, "POST", "/users/2/kick", operator);
  await until(() => actionsOf(server).some((line) => line["user.roles"] === "operate"));
  const lines = actionsOf(server).filter((line) => line["user.roles"] === "none");
  assert.ok(lines.length >= 20 && lines.length < 60, `${lines.length} lines`);
  const { text } = await askText(server, "GET", "/metrics", operator);
  assert.match(text, /^croupier_admin_requests_total\{role="none",method="POST",status="401",.*\} 100$/m);
});

test("[admin] no method that a client chooses is a label", async (t) => {
  const { server } = await playing(t, tokens);
  await raw(server.adminPort, "PROPFIND /drain HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  const { text } = await askText(server, "GET", "/metrics", operator);
  assert.match(text, /^croupier_admin_requests_total\{role="none",method="other",status="401",.*\} 1$/m);
});

test("[admin] a change whose asker has gone is done, and written down; asked for again it is answered, and not done twice", async (t) => {
  const { server, player } = await playing(t, tokens);
  const body = JSON.stringify({ text: "still told" });
  const head = `POST /users/1/message HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${tokens.ADMIN_TOKEN}\r\nIdempotency-Key: gone\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
  const socket = connect(server.adminPort, "127.0.0.1");
  socket.on("error", () => {});
  socket.write(head + body, () => socket.destroy());
  await player.hearUntil("Notice 5/0 still told");
  await until(() => actionsOf(server).length === 1);
  const again = await ask(
    server,
    "POST",
    "/users/1/message",
    json({ text: "still told" }, { ...operator.headers, "Idempotency-Key": "gone" }),
  );
  assert.deepEqual([again.body, again.headers.get("idempotent-replayed")], [{ sessions: 1 }, "true"]);
  assert.deepEqual(await player.settle(), []);
});

test("[admin] POST with an Idempotency-Key: again is answered the same, and done once; another request by it is 422", async (t) => {
  const { server, player } = await playing(t);
  const key = { "Idempotency-Key": "message-1" };
  const say = (text: string, headers: Record<string, string>) => ask(server, "POST", "/users/1/message", json({ text }, headers));
  const first = await say("once", key);
  const again = await say("once", key);
  assert.deepEqual([first.status, first.body, first.headers.get("idempotent-replayed")], [200, { sessions: 1 }, null]);
  assert.deepEqual([again.status, again.body, again.headers.get("idempotent-replayed")], [200, { sessions: 1 }, "true"]);
  assert.equal(again.headers.get("content-type"), first.headers.get("content-type"));
  const other = await say("twice", key);
  assertRefusal(other.body, 422, "another text");
  assert.equal((await ask(server, "POST", "/users/1/kick", { headers: key })).status, 422, "another path");
  assert.deepEqual(await player.settle(), ["Notice 5/0 once"]);
  for (const bad of ["", "a b", "x".repeat(65), "ä", "a,b"]) {
    const { status } = await say("bad", { "Idempotency-Key": Buffer.from(bad).toString("latin1") });
    assert.equal(status, 400, bad);
  }
});

test("[admin] a repeat while the first is still under way waits for its answer, and a kick is not done to who came meanwhile", async (t) => {
  const { server, player } = await playing(t);
  const headers = { "Idempotency-Key": "kick-1" };
  const both = await Promise.all([ask(server, "POST", "/users/1/kick", { headers }), ask(server, "POST", "/users/1/kick", { headers })]);
  assert.deepEqual(
    both.map(({ body }) => body),
    [{ sessions: 1 }, { sessions: 1 }],
  );
  assert.equal((await player.closed).code, 4500);
  const back = await Player.connect(server.port, 1);
  assert.deepEqual((await ask(server, "POST", "/users/1/kick", { headers })).body, { sessions: 1 });
  await sleep(50);
  await back.settle();
});

test("[admin] a refusal is repeated too, but not one that says not now, nor one that was never asked for", async (t) => {
  const { server } = await playing(t, tokens);
  const headers = { ...operator.headers, "Idempotency-Key": "a" };
  assert.equal((await ask(server, "POST", "/users/9/kick", { headers })).status, 404);
  const late = await Player.connect(server.port, 9);
  const again = await ask(server, "POST", "/users/9/kick", { headers });
  assert.deepEqual([again.status, again.headers.get("idempotent-replayed")], [404, "true"]);
  await late.settle();
  assert.equal((await ask(server, "POST", "/drain", { headers: { ...reader.headers, "Idempotency-Key": "b" } })).status, 403);
  assert.equal((await ask(server, "POST", "/drain", { headers: { ...operator.headers, "Idempotency-Key": "b" } })).status, 200);
});

/** What is answered to these bytes, until the connection is closed. */
function raw(port: number, bytes: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(port, "127.0.0.1", () => socket.write(bytes));
  let heard = "";
  socket.on("data", (data) => {
    heard += data.toString();
  });
  socket.on("error", () => {});
  socket.once("close", () => resolve(heard));
  return promise;
}
