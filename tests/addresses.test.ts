/** What one address may do, on real sockets: how it is found, how many connections it has, and what its bad tokens cost it (PROTOCOL §6). */
import assert from "node:assert/strict";
import { performance } from "node:perf_hooks";
import { type TestContext, test } from "node:test";
import { mintToken } from "#protocol/token.ts";
import { developmentKey } from "./support/entrance.ts";
import { connectionsOf } from "./support/kernel_queues.ts";
import { Server } from "./support/process.ts";
import { type Answer, RawConnection, request, upgradeHeaders } from "./support/raw.ts";
import { said } from "./support/said.ts";
import { StrangeHost } from "./support/strange_host.ts";
import { until } from "./support/until.ts";

const behindProxy = { TRUSTED_PROXIES: "127.0.0.1" };

/** A request for an upgrade, as a proxy of ours passes it on for `from`. */
async function knock(port: number, from: string | undefined, token: string): Promise<Answer & { readonly tookMs: number }> {
  const startMs = performance.now();
  const forwarded = from === undefined ? {} : { "X-Forwarded-For": from };
  const answer = await RawConnection.ask(port, `GET /?token=${token}`, { ...upgradeHeaders, ...forwarded });
  return { ...answer, tookMs: performance.now() - startMs };
}

async function knockBadly(port: number, times: number, from: (at: number) => string | undefined): Promise<void> {
  for (let at = 0; at < times; at++) assert.equal((await knock(port, from(at), "x.y.z")).status, 401);
}

const goodToken = (user = 1): Promise<string> => mintToken(user, developmentKey);

async function metric(server: Server, name: string, label = ""): Promise<number> {
  const { body } = await server.admin("/metrics");
  return Number(new RegExp(`^${name}\\{${label}.*\\} (\\d+)$`, "m").exec(body)?.[1]);
}

test("[PROTOCOL §6] an address with more than ten bad tokens waits before its next one is looked at; a good one from there comes in", async (t) => {
  const server = await Server.start(t, "single.ts", behindProxy);
  const [guesser, neighbour] = ["203.0.113.7", "203.0.113.8"];
  await knockBadly(server.port, 13, () => guesser);
  const again = await knock(server.port, guesser, "x.y.z");
  assert.deepEqual([again.status, again.tookMs >= 1900], [401, true], `waited ${again.tookMs} ms`);
  const good = await knock(server.port, guesser, await goodToken());
  assert.deepEqual([good.status, good.tookMs >= 1900 && good.tookMs < 10_000], [101, true], `waited ${good.tookMs} ms`);
  const elsewhere = await knock(server.port, neighbour, "x.y.z");
  assert.ok(elsewhere.tookMs < good.tookMs / 2, `${elsewhere.tookMs} ms at another address`);
  const slowed = said(server.lines, "address slowed");
  assert.deepEqual(
    slowed.map((line) => line["client.address"]),
    [guesser],
  );
  assert.ok((await metric(server, "croupier_upgrades_slowed_total")) >= 2);
  assert.equal(await metric(server, "croupier_upgrades_waiting"), 0);
});

test("[PROTOCOL §6] bad tokens of one IPv6 household count together, those of the next do not", async (t) => {
  const server = await Server.start(t, "single.ts", behindProxy);
  await knockBadly(server.port, 13, (at) => `2001:db8:0:7:${at.toString(16)}::1`);
  const same = await knock(server.port, "[2001:DB8:0:7:ffff::9]:4711", await goodToken());
  const next = await knock(server.port, "2001:db8:0:8::1", await goodToken());
  assert.deepEqual([same.status, next.status], [101, 101]);
  assert.ok(same.tookMs >= 1900 && next.tookMs < same.tookMs / 2, `${same.tookMs} and ${next.tookMs} ms`);
});

test("[PROTOCOL §6] loopback and trusted proxies themselves are not slowed down", async (t) => {
  const alone = await Server.start(t, "single.ts");
  const proxied = await Server.start(t, "single.ts", behindProxy);
  for (const server of [alone, proxied]) {
    await knockBadly(server.port, 30, () => undefined);
    assert.equal((await knock(server.port, undefined, await goodToken())).status, 101);
    assert.equal(await metric(server, "croupier_upgrades_slowed_total"), 0);
  }
});

test("[PROTOCOL §6][P7] a hundred of an address wait, the others hear 429 at once, and somebody else comes in meanwhile", async (t) => {
  const server = await Server.start(t, "single.ts", behindProxy);
  const guesser = "203.0.113.7";
  await Promise.all(Array.from({ length: 30 }, () => knock(server.port, guesser, "x.y.z")));
  const storm = Promise.all(Array.from({ length: 140 }, () => knock(server.port, guesser, "x.y.z")));
  await until(async () => (await metric(server, "croupier_upgrades_waiting")) === 100);
  assert.equal((await knock(server.port, "203.0.113.8", await goodToken())).status, 101);
  const answers = await storm;
  const refused = answers.filter(({ status }) => status === 429);
  assert.deepEqual([refused.length, answers.length - refused.length], [40, answers.filter(({ status }) => status === 401).length]);
  assert.ok(refused.every(({ headers, body }) => Number(headers["retry-after"]) > 0 && body === "too many bad tokens from this address\n"));
  const lates = answers.filter(({ status }) => status === 401).map(({ tookMs }) => tookMs);
  assert.ok(Math.min(...lates) > 4000, `the first was looked at after ${Math.min(...lates)} ms`);
  assert.equal(await metric(server, "croupier_upgrade_refusals_total", 'status="429"'), 40);
});

test("[PROTOCOL §6][P6] a gate that leaves keeps nobody waiting: 503, and it is gone", async (t) => {
  const server = await Server.start(t, "single.ts", behindProxy);
  await Promise.all(Array.from({ length: 30 }, () => knock(server.port, "203.0.113.7", "x.y.z")));
  const waiting = Promise.all(Array.from({ length: 5 }, async () => knock(server.port, "203.0.113.7", await goodToken())));
  await until(async () => (await metric(server, "croupier_upgrades_waiting")) === 5);
  const startMs = performance.now();
  server.signal("SIGTERM");
  assert.deepEqual(new Set((await waiting).map(({ status }) => status)), new Set([503]));
  assert.equal((await server.exited).code, 0);
  assert.ok(performance.now() - startMs < 4000, "without their five seconds");
});

const chain = "10.9.9.9, ".repeat(1500);

const forms: [what: string, headers: [string, string][], address: string][] = [
  ["no header", [], "127.0.0.1"],
  ["an IPv4 address", [["X-Forwarded-For", "203.0.113.7"]], "203.0.113.7"],
  ["an IPv6 address in brackets with a port", [["X-Forwarded-For", "[2001:DB8:0:0::7]:4711"]], "2001:db8::7"],
  ["an IPv4 address in IPv6", [["X-Forwarded-For", "::ffff:cb00:7107"]], "203.0.113.7"],
  ["what the client has written in front", [["X-Forwarded-For", "6.6.6.6, 203.0.113.7, 127.0.0.1"]], "203.0.113.7"],
  // biome-ignore format: a header that comes twice
  ["two headers", [["X-Forwarded-For", "6.6.6.6"], ["x-forwarded-for", "203.0.113.7"]], "203.0.113.7"],
  ["sixty headers", Array.from({ length: 60 }, (_, at) => ["X-Forwarded-For", `203.0.113.${at}`]), "203.0.113.59"],
  ["a huge chain in front", [["X-Forwarded-For", `${chain}203.0.113.7`]], "203.0.113.7"],
  ["a huge chain of our own", [["X-Forwarded-For", `6.6.6.6${", 127.0.0.1".repeat(1300)}`]], "127.0.0.1"],
  ["garbage", [["X-Forwarded-For", '6.6.6.6, "}\u0001{']], "127.0.0.1"],
];

/** The addresses that a server's log has for those who come with these headers. */
async function addressesIn(t: TestContext, env: Record<string, string>): Promise<(string | undefined)[]> {
  const server = await Server.start(t, "single.ts", env);
  for (const [at, [what, headers]] of forms.entries()) {
    const connection = await RawConnection.open(server.port);
    const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join("");
    const head = request(`GET /?token=${await goodToken(at + 1)}`, { Host: "test", ...upgradeHeaders });
    connection.write(Buffer.from(head.replace(/\r\n$/, `${lines}\r\n`), "latin1"));
    const { status } = await connection.answer();
    if (what === "garbage") assert.equal(status, 400, "a control character is in no header");
    else assert.equal(status, 101, what);
    connection.socket.destroy();
  }
  await until(() => said(server.lines, "session open").length === forms.length - 1);
  return said(server.lines, "session open").map((line) => line["client.address"]);
}

test("[PROTOCOL §6] where a player comes from, by X-Forwarded-For in every form, when a trusted proxy wrote it", async (t) => {
  const meant = forms.slice(0, -1).map(([, , address]) => address);
  assert.deepEqual(await addressesIn(t, behindProxy), meant);
});

test("[P10] an address that is one to Node's check and none to its parser hurts nobody, at a gate and at a game server in production", async (t) => {
  const production = { ENV: "prod", JWT_KEY: Buffer.alloc(32, 1).toString("base64"), LINK_KEY: Buffer.alloc(32, 2).toString("base64") };
  const odd = "1111:2222:3333:4444:5555:6666:123.123.123.123%a, 203.0.113.9";
  const gate = await Server.start(t, "single.ts", behindProxy);
  const server = await Server.start(t, "game_server/main.ts", { ...behindProxy, ...production });
  assert.deepEqual([(await knock(gate.port, odd, "x.y.z")).status, (await knock(server.port, odd, "x.y.z")).status], [401, 403]);
  assert.equal((await knock(gate.port, odd, await goodToken())).status, 101);
  assert.equal((await server.admin("/livez")).status, 200);
});

test("[PROTOCOL §6] X-Forwarded-For of anybody else is not read", async (t) => {
  assert.deepEqual(new Set(await addressesIn(t, { TRUSTED_PROXIES: "10.0.0.0/8" })), new Set(["127.0.0.1"]));
});

test("[PROTOCOL §6] connections per address: an IPv6 household is one, and a place is free again when a connection has gone", async (t) => {
  const server = await Server.start(t, "single.ts", { ...behindProxy, CONNECTIONS_PER_ADDRESS: "2" });
  const open = async (from: string, user: number): Promise<RawConnection | number> => {
    const connection = await RawConnection.open(server.port);
    connection.write(request(`GET /?token=${await goodToken(user)}`, { Host: "test", ...upgradeHeaders, "X-Forwarded-For": from }));
    const { status } = await connection.answer();
    return status === 101 ? connection : status;
  };
  const held = [await open("2001:db8::1", 1), await open("2001:db8::2", 2)];
  assert.equal(await open("2001:db8::3", 3), 429);
  assert.ok((await open("2001:db8:0:1::1", 4)) instanceof RawConnection);
  assert.equal(await metric(server, "croupier_upgrade_refusals_total", 'status="429"'), 1);
  const [first] = held;
  assert.ok(first instanceof RawConnection);
  first.socket.destroy();
  await until(async () => (await open("2001:db8::4", 5)) instanceof RawConnection);
});

test("[P7] a connection that says nothing is cut within seconds, and is no player's; one that asks without end at once", async (t) => {
  const server = await Server.start(t, "single.ts");
  const player = await RawConnection.upgrade(server.port, await goodToken());
  const [silent, asking] = [await RawConnection.open(server.port), await RawConnection.open(server.port)];
  const startMs = performance.now();
  asking.write("GET / HTTP/1.1\r\nHost: test\r\n\r\n".repeat(1000));
  await asking.closed();
  assert.ok(performance.now() - startMs < 5000, "asking");
  await silent.closed();
  assert.ok(performance.now() - startMs < 20_000, "silent");
  assert.ok(connectionsOf(server.port).has(player.socket.localPort ?? 0), "a player who says nothing stays");
  assert.equal(await metric(server, "croupier_sessions", 'stage="idle"'), 1);
  player.socket.destroy();
});

/** What became of each of `times` connections from the other host. */
async function knocksOf(host: StrangeHost, server: Server, times: number, from: string, asked?: string): Promise<unknown[]> {
  const there = from.includes(":") ? host.hereInIpv6 : host.here;
  const run = host.run(
    "tests/support/knocker.ts",
    there,
    String(server.port),
    String(times),
    from,
    ...(asked === undefined ? [] : [asked]),
  );
  return JSON.parse(await run.until(() => true)) as unknown[];
}

const askedWith = (token: string, headers: Record<string, string> = {}): string =>
  JSON.stringify(request(`GET /?token=${token}`, { Host: "test", ...upgradeHeaders, ...headers }));

test("[PROTOCOL §6][P7] a host has so many connections, whatever they are for; a few more hear 429, the rest nothing", async (t) => {
  const host = await StrangeHost.open(t);
  if (host === undefined) return;
  const server = await Server.start(t, "single.ts", { CONNECTIONS_PER_ADDRESS: "3" });
  const idle = await knocksOf(host, server, 100, host.address);
  assert.deepEqual(new Set(idle), new Set(["open"]), "they may ask, and hear that they are too many");
  const more = await knocksOf(host, server, 6, host.address, askedWith(await goodToken()));
  assert.deepEqual(more, [101, 101, 101, "cut", "cut", "cut"]);
  assert.equal(await metric(server, "croupier_upgrade_refusals_total", 'status="429"'), 3);
  assert.equal((await knock(server.port, undefined, await goodToken(2))).status, 101, "who comes from elsewhere comes in");
});

test("[PROTOCOL §6] a host of its own is slowed down by its own address, whatever it says of itself, and so is its /64", async (t) => {
  const [one, other, next] = ["7::2", "7::3", "8::2"];
  const host = await StrangeHost.open(t, [one, other, next]);
  if (host === undefined) return;
  const server = await Server.start(t, "single.ts", { TRUSTED_PROXIES: "127.0.0.1,10.0.0.0/8" });
  const bad = askedWith("x.y.z", { "X-Forwarded-For": "203.0.113.7" });
  for (const from of [host.address, host.inIpv6(one)])
    assert.deepEqual(new Set(await knocksOf(host, server, 12, from, bad)), new Set([401]));
  const good = askedWith(await goodToken());
  for (const from of [host.address, host.inIpv6(other), host.inIpv6(next)])
    assert.deepEqual(await knocksOf(host, server, 1, from, good), [101]);
  const slowed = said(server.lines, "address slowed").map((line) => line["client.address"]);
  assert.deepEqual(slowed, [host.address, host.inIpv6(one)]);
  const waited = await metric(server, "croupier_upgrades_slowed_total");
  assert.equal(waited, 4, "the twelfth of each, and both good ones, but not that of the next /64");
  const opened = said(server.lines, "session open").map((line) => line["client.address"]);
  assert.deepEqual(opened, [host.address, host.inIpv6(other), host.inIpv6(next)]);
});
