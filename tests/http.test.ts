/** Bad HTTP and its answers (PROTOCOL §1.1), on real sockets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type CryptoKey, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { mintToken } from "#protocol/token.ts";
import { developmentKey } from "./support/entrance.ts";
import { openHouse } from "./support/house.ts";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";
import { RawConnection, request, upgradeHeaders } from "./support/raw.ts";

const goodToken = () => mintToken(1, developmentKey);

test("[PROTOCOL §1.1] a GET without Upgrade where no page is served: 426", async (t) => {
  const { port } = await openHouse(t);
  const { status, headers } = await RawConnection.ask(port, "GET /anything");
  assert.deepEqual([status, headers["upgrade"]], [426, "websocket"]);
});

test("[PROTOCOL §1.1] another upgrade than websocket is ignored: 426", async (t) => {
  const { port } = await openHouse(t);
  assert.equal((await RawConnection.ask(port, "GET /", { Connection: "Upgrade", Upgrade: "h2c" })).status, 426);
});

test("[PROTOCOL §1.1] wrong method: 405, with and without an upgrade", async (t) => {
  const { port } = await openHouse(t);
  assert.equal((await RawConnection.ask(port, "POST /")).status, 405);
  assert.equal((await RawConnection.ask(port, "DELETE /rooms")).status, 405);
  assert.equal((await RawConnection.ask(port, `POST /?token=${await goodToken()}`, upgradeHeaders)).status, 405);
});

test("[PROTOCOL §1.1] no or bad key, version other than 13: 400", async (t) => {
  const { port } = await openHouse(t);
  const path = `GET /?token=${await goodToken()}`;
  const { "Sec-WebSocket-Key": _key, ...withoutKey } = upgradeHeaders;
  const { "Sec-WebSocket-Version": _version, ...withoutVersion } = upgradeHeaders;
  const bad = [
    withoutKey,
    { ...upgradeHeaders, "Sec-WebSocket-Key": "short" },
    withoutVersion,
    { ...upgradeHeaders, "Sec-WebSocket-Version": "8" },
    { ...upgradeHeaders, "Sec-WebSocket-Version": "14" },
  ];
  for (const headers of bad) assert.equal((await RawConnection.ask(port, path, headers)).status, 400);
});

test("[PROTOCOL §1.1] a URL that is none: 400", async (t) => {
  const { port } = await openHouse(t);
  assert.equal((await RawConnection.ask(port, "GET http://[", upgradeHeaders)).status, 400);
});

test("[PROTOCOL §1.1] ORIGINS set and the Origin is not in it: 403; in it, or none at all: let in", async (t) => {
  const { port } = await openHouse(t, { env: { ORIGINS: "https://play.example,https://other.example" } });
  const path = `GET /?token=${await goodToken()}`;
  const status = async (origin: Record<string, string>) => (await RawConnection.ask(port, path, { ...upgradeHeaders, ...origin })).status;
  assert.equal(await status({ Origin: "https://evil.example" }), 403);
  assert.equal(await status({ Origin: "null" }), 403);
  assert.equal(await status({ Origin: "https://other.example" }), 101);
  assert.equal(await status({}), 101);
});

test("[PROTOCOL §1.1] oversized headers: 431", async (t) => {
  const { port } = await openHouse(t);
  assert.equal((await RawConnection.ask(port, "GET /", { ...upgradeHeaders, Filler: "x".repeat(20_000) })).status, 431);
});

const nowSeconds = () => Math.floor(Date.now() / 1000);
const sign = (payload: Record<string, unknown>, key: Uint8Array | CryptoKey = developmentKey, alg = "HS256") =>
  new SignJWT(payload).setProtectedHeader({ alg }).sign(key);

const tokens: [what: string, token: () => Promise<string> | string][] = [
  ["missing", () => ""],
  ["malformed", () => "x.y.z"],
  ["wrong signature", () => sign({ id: 1 }, new Uint8Array(16).fill(9))],
  ["of an algorithm that is not ours", async () => sign({ id: 1 }, (await generateKeyPair("RS256")).privateKey, "RS256")],
  ["algorithm none", () => new UnsecuredJWT({ id: 1 }).encode()],
  ["expired", () => sign({ id: 1, exp: nowSeconds() - 5 })],
  ["not yet valid", () => sign({ id: 1, nbf: nowSeconds() + 60 })],
  ["id missing", () => sign({ sub: "1" })],
  ["id not a safe integer", () => sign({ id: 2 ** 60 })],
  ["id not positive", () => sign({ id: -1 })],
  ["id no number", () => sign({ id: "1" })],
];

for (const [what, token] of tokens) {
  test(`[PROTOCOL §1.1] token ${what}: 401 with a reason, and the socket is closed`, async (t) => {
    const { port } = await openHouse(t);
    const connection = await RawConnection.open(port);
    connection.write(request(`GET /?token=${await token()}`, { Host: "test", ...upgradeHeaders }));
    const { status, body } = await connection.answer();
    assert.equal(status, 401);
    assert.match(body, /^token /);
    await connection.closed();
  });
}

test("[PROTOCOL §1.1] several tokens in one request: 401", async (t) => {
  const { port } = await openHouse(t);
  const token = await goodToken();
  const twice: [string, Record<string, string>][] = [
    [`GET /?token=${token}&token=${token}`, {}],
    [`GET /?token=${token}`, { Authorization: `Bearer ${token}` }],
    [`GET /?token=${token}`, { "Sec-WebSocket-Protocol": `bearer, ${token}` }],
  ];
  for (const [line, headers] of twice) {
    const { status, body } = await RawConnection.ask(port, line, { ...upgradeHeaders, ...headers });
    assert.deepEqual([status, body], [401, "several tokens\n"]);
  }
});

test("[PROTOCOL §1] the three ways of bringing a token; the subprotocol is answered with its name only", async (t) => {
  const { port } = await openHouse(t);
  const token = await goodToken();
  const ways: [string, Record<string, string>, string | undefined][] = [
    [`GET /any/path?token=${token}`, {}, undefined],
    ["GET /", { Authorization: `Bearer ${token}` }, undefined],
    ["GET /", { "Sec-WebSocket-Protocol": `bearer, ${token}` }, "bearer"],
    [`GET /?token=${token}`, { "Sec-WebSocket-Protocol": "chat, superchat" }, undefined],
  ];
  for (const [line, headers, protocol] of ways) {
    const answer = await RawConnection.ask(port, line, { ...upgradeHeaders, ...headers });
    assert.deepEqual([answer.status, answer.headers["sec-websocket-protocol"]], [101, protocol]);
  }
});

test("[faults §1] two texts of one token are one user to everything that counts", async (t) => {
  const { port } = await openHouse(t, { env: { CONNECTIONS_PER_USER: "1" } });
  const token = await goodToken();
  // Of the last digit of a signature of 32 bytes two bits stand for nothing: four texts are one token.
  const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  const last = digits.indexOf(token.at(-1) ?? "");
  const texts = [0, 1, 2, 3].map((slack) => `${token.slice(0, -1)}${digits[(last & ~3) | slack]}`);
  assert.equal(new Set(texts).size, 4);
  const first = await RawConnection.upgrade(port, token);
  for (const text of texts) {
    const { status } = await RawConnection.ask(port, `GET /?token=${text}`, upgradeHeaders);
    assert.ok(status === 429 || (status === 401 && text !== token), `${status}: it is the same user, or nobody`);
  }
  first.socket.destroy();
});

const noHttp: [what: string, bytes: string | Uint8Array][] = [
  ["a TLS hello", Buffer.from("1603010200010001fc0303", "hex")],
  ["HTTP/2 without asking", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["a header without a colon", "GET / HTTP/1.1\r\nHost test\r\n\r\n"],
  ["a NUL in a header", "GET / HTTP/1.1\r\nHost: te\0st\r\n\r\n"],
  ["no host", "GET / HTTP/1.1\r\n\r\n"],
  ["two lengths", "GET / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
  ["a length and chunks", "GET / HTTP/1.1\r\nHost: test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"],
];

for (const [what, bytes] of noHttp) {
  test(`[PROTOCOL §1.1] ${what} is no HTTP: 400, and the socket is closed`, async (t) => {
    const { port } = await openHouse(t);
    const connection = await RawConnection.open(port);
    connection.write(bytes);
    assert.equal((await connection.answer()).status, 400);
    await connection.closed();
  });
}

test("[PROTOCOL §1.1][faults §1] a refused socket is closed, whatever it was refused for, and counted", { timeout: 60_000 }, async (t) => {
  const env = { ORIGINS: "https://play.example", CONNECTIONS_PER_USER: "1", DRAIN: "wait", DRAIN_DELAY: "60s" };
  const server = await Server.start(t, "single.ts", env);
  const token = await goodToken();
  const player = await RawConnection.upgrade(server.port, token);
  const refusals: [status: number, bytes: string][] = [
    [405, request(`POST /?token=${token}`, { Host: "test", ...upgradeHeaders })],
    [400, request(`GET /?token=${token}`, { Host: "test", ...upgradeHeaders, "Sec-WebSocket-Version": "8" })],
    [400, "no HTTP\r\n\r\n"],
    [403, request(`GET /?token=${token}`, { Host: "test", ...upgradeHeaders, Origin: "https://evil.example" })],
    [401, request("GET /", { Host: "test", ...upgradeHeaders })],
    [429, request(`GET /?token=${token}`, { Host: "test", ...upgradeHeaders })],
    [431, request("GET /", { Host: "test", Filler: "x".repeat(20_000) })],
    [408, "GET / HTTP/1.1\r\nHost: test\r\n"],
  ];
  await Promise.all(
    refusals.map(async ([status, bytes]) => {
      const connection = await RawConnection.open(server.port);
      connection.write(bytes);
      assert.equal((await connection.answer()).status, status);
      await connection.closed();
    }),
  );
  const { body } = await server.admin("/metrics");
  for (const [status] of refusals) {
    const times = refusals.filter(([other]) => other === status).length;
    assert.match(body, new RegExp(`^croupier_upgrade_refusals_total\\{status="${status}",.*\\} ${times}$`, "m"));
  }
  player.socket.destroy();
});

test("[faults §1] compression is not agreed to, however it is offered", async (t) => {
  const { port } = await openHouse(t);
  const offer = { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits; server_no_context_takeover" };
  const { status, headers } = await RawConnection.ask(port, `GET /?token=${await goodToken()}`, { ...upgradeHeaders, ...offer });
  assert.deepEqual([status, headers["sec-websocket-extensions"]], [101, undefined]);
});

test("[PROTOCOL §1.1] in production a token without exp is refused", async (t) => {
  const key = Buffer.alloc(32, 5);
  const env = { ENV: "prod", JWT_KEY: key.toString("base64"), LINK_KEY: Buffer.alloc(32, 6).toString("base64") };
  const { port } = await openHouse(t, { env });
  const ask = async (token: string) => (await RawConnection.ask(port, `GET /?token=${token}`, upgradeHeaders)).status;
  assert.equal(await ask(await sign({ id: 1 }, key)), 401);
  assert.equal(await ask(await sign({ id: 1, exp: nowSeconds() + 60 }, key)), 101);
});

test("[PROTOCOL §1.1] a gate that is itself leaving: 503 with Retry-After", async (t) => {
  const { port, gate } = await openHouse(t);
  gate.drain();
  const { status, headers } = await RawConnection.ask(port, `GET /?token=${await goodToken()}`, upgradeHeaders);
  assert.equal(status, 503);
  assert.ok(Number(headers["retry-after"]) > 0);
});

test("[PROTOCOL §1.1] slow headers are cut with 408, and nobody else notices", { timeout: 30_000 }, async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.seated(port, 2);
  const slow = await RawConnection.open(port);
  const started = Date.now();
  const dripping = setInterval(() => slow.write("X"), 500); // the last header has no end
  slow.write("GET / HTTP/1.1\r\nHost: test\r\n");
  assert.equal((await slow.answer()).status, 408);
  clearInterval(dripping);
  await slow.closed();
  assert.ok(Date.now() - started < 15_000, `cut after ${Date.now() - started} ms`);
  await player.hear(2);
  assert.deepEqual(await player.settle(), []);
});

test("[PROTOCOL §6] connections per user: 429 before the upgrade, and room again when one has gone", async (t) => {
  const { port } = await openHouse(t, { env: { CONNECTIONS_PER_USER: "2" } });
  const [first] = await Promise.all([Player.connect(port, 1), Player.connect(port, 1)]);
  const ask = async () => (await RawConnection.ask(port, `GET /?token=${await goodToken()}`, upgradeHeaders)).status;
  assert.equal(await ask(), 429);
  await first?.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(await ask(), 101);
});

test("[PROTOCOL §6] connections per address count the client behind a trusted proxy", async (t) => {
  const { port } = await openHouse(t, { env: { CONNECTIONS_PER_ADDRESS: "2", TRUSTED_PROXIES: "127.0.0.1" } });
  const held: RawConnection[] = [];
  const ask = async (address: string): Promise<number> => {
    const connection = await RawConnection.open(port);
    held.push(connection);
    connection.write(request(`GET /?token=${await goodToken()}`, { Host: "test", ...upgradeHeaders, "X-Forwarded-For": address }));
    return (await connection.answer()).status;
  };
  assert.deepEqual(
    [await ask("203.0.113.1"), await ask("203.0.113.1"), await ask("203.0.113.1"), await ask("203.0.113.2")],
    [101, 101, 429, 101],
  );
  for (const { socket } of held) socket.destroy();
});

test("[PROTOCOL §1] GET /rooms lists open rooms, private ones left out, with CORS", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.seated(port, 1, { room_id: "5" });
  await player.hear(2);
  const hidden = await Player.seated(port, 2, { room_id: "6", options: '{"private":true}' });
  await hidden.hear(2);
  const { status, headers, body } = await fetchRooms(port, "dice");
  assert.deepEqual(JSON.parse(body), { game: "dice", rooms: [{ id: "5", seats: 4, free: 3, watchers: 0, phase: "playing" }] });
  assert.deepEqual([status, headers["access-control-allow-origin"]], [200, "*"]);
  assert.equal((await fetchRooms(port, "chess")).status, 404);
  assert.equal((await fetchRooms(port, "")).status, 404);
});

test("[PROTOCOL §1] GET /rooms answers listed origins only", async (t) => {
  const { port } = await openHouse(t, { env: { ORIGINS: "https://play.example" } });
  assert.equal((await fetchRooms(port, "dice", "https://play.example")).headers["access-control-allow-origin"], "https://play.example");
  assert.equal((await fetchRooms(port, "dice", "https://evil.example")).headers["access-control-allow-origin"], undefined);
});

async function fetchRooms(port: number, game: string, origin?: string) {
  const response = await fetch(`http://127.0.0.1:${port}/rooms?game=${game}`, { headers: origin === undefined ? {} : { Origin: origin } });
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}
