/** The description of the admin listener, against the routes that are served, and against what they answer. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { Admin } from "#runtime/admin.ts";
import { systemClock } from "#runtime/clock.ts";
import { addDrainRoutes } from "#runtime/drain_routes.ts";
import { openLog, silentLog } from "#runtime/log.ts";
import { addLogLevelRoutes } from "#runtime/log_level.ts";
import { Metrics } from "#runtime/metrics.ts";
import { adminReference, type Described } from "./support/admin_reference.ts";
import { ask, askText, json } from "./support/ask.ts";
import { dataFolder } from "./support/data_folder.ts";
import { Description, type Operation } from "./support/described.ts";
import { openHouse } from "./support/house.ts";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";
import { until } from "./support/until.ts";

const tokens = { ADMIN_TOKEN: "an operator's token", ADMIN_READ_TOKEN: "a reader's token" };
const operator = { Authorization: `Bearer ${tokens.ADMIN_TOKEN}` };
const reader = { Authorization: `Bearer ${tokens.ADMIN_READ_TOKEN}` };

async function descriptionOf(server: Server): Promise<Description> {
  const { status, text } = await askText(server, "GET", "/openapi.json", { headers: reader });
  assert.equal(status, 200);
  return Description.of(text);
}

/** A gate, two game servers that know each other, and both in one process. */
async function everyKind(t: TestContext) {
  const second = await Server.start(t, "game_server/main.ts", { ...tokens, DATA_DIR: dataFolder(t) });
  const games = { ...tokens, GAME_SERVERS: `dice=127.0.0.1:${second.port}`, DATA_DIR: dataFolder(t) };
  const first = await Server.start(t, "game_server/main.ts", games);
  const gate = await Server.start(t, "gate_server/main.ts", {
    ...tokens,
    GAME_SERVERS: [first, second].map(({ port }) => `dice=127.0.0.1:${port}`).join(","),
  });
  const single = await Server.start(t, "single.ts", { ...tokens, DRAIN: "wait" });
  return { first, gate, single };
}

/** A path with something in the place of its parameters. */
function sample(path: string): string {
  const values: Record<string, string> = { id: `${"0".repeat(16)}-1`, user: "1", life: "ab", game: "dice", room: "1", journal: "j" };
  return path.replaceAll(/\{([^}]+)\}/g, (_, name: string) => values[name] ?? "missing");
}

test("[admin] /openapi.json of each kind of process is OpenAPI 3.1, and describes what is served there, no more and no less", async (t) => {
  const { first, gate, single } = await everyKind(t);
  const paths: Record<string, string[]> = {};
  for (const [kind, server] of Object.entries({ "game server": first, gate, single })) {
    const description = await descriptionOf(server);
    paths[kind] = Object.keys(description.document.paths);
    for (const [path, methods] of Object.entries(description.document.paths)) {
      const { status, headers } = await ask(server, "PATCH", sample(path), { headers: operator });
      assert.equal(status, 405, `${kind} ${path}`);
      const served = (headers.get("allow") ?? "").split(", ").filter((method) => method !== "HEAD");
      assert.deepEqual(
        served.toSorted(),
        Object.keys(methods)
          .map((method) => method.toUpperCase())
          .toSorted(),
        `${kind} ${path}`,
      );
    }
  }
  const both = new Set([...(paths["game server"] ?? []), ...(paths["gate"] ?? [])]);
  assert.deepEqual(paths["single"]?.toSorted(), [...both].toSorted(), "one process is both");
  assert.ok(!paths["gate"]?.includes("/rooms") && !paths["game server"]?.includes("/sessions"));
});

test("[admin] every route that is registered is described", async (t) => {
  const { gate, servers } = await openHouse(t);
  const registered = new Set<string>();
  const log = openLog({ service: "test", version: "dev", level: "error", node: "0" });
  const lifecycle = { stage: "serving", leftMs: undefined, drain: () => {}, undo: () => false } as const;
  const admin = new Admin({
    ...{ host: "127.0.0.1", port: 0, clock: systemClock, log: silentLog, metrics: new Metrics({}) },
    ...{ about: { service: "gate", release: "dev", machine: "here", startedAtMs: 0 }, origins: [], page: () => false },
    ...{ tokens: () => ({ operate: undefined, read: undefined }), ready: () => "ok" },
  });
  const adminPort = await admin.listen();
  t.after(() => admin.close());
  await admin.serve([
    (server) =>
      server.addHook("onRoute", ({ method, url, schema }) => {
        if (schema?.hide) return;
        for (const one of [method].flat()) if (one !== "HEAD") registered.add(`${one} ${url.replaceAll(/:([a-z]+)/g, "{$1}")}`);
      }),
    (server) => addDrainRoutes(server, lifecycle, gate),
    (server) => addLogLevelRoutes(server, log),
    (server) => gate.addRoutes(server),
    (server) => servers[0]?.addRoutes(server),
  ]);
  const { text } = await askText({ adminPort }, "GET", "/openapi.json");
  const { operations } = await Description.of(text);
  const own = ["/livez", "/readyz", "/metrics", "/openapi.json", "/process"].map((path) => `GET ${path}`);
  assert.deepEqual(operations.map(({ method, path }) => `${method} ${path}`).toSorted(), [...registered, ...own].toSorted());
  assert.ok(registered.size > 20, `${registered.size} routes`);
});

function judgeOperation({ path, method, operation }: Description["operations"][number], tags: ReadonlySet<string>): void {
  const what = `${method} ${path}`;
  const { operationId, summary, tags: [tag = ""] = [], security, parameters = [], responses } = operation;
  assert.match(operationId, /^[a-z][A-Za-z]+$/, what);
  assert.ok(tags.has(tag) && summary.endsWith("."), what);
  const isOpen = path === "/livez" || path === "/readyz";
  const secured = method === "GET" ? [{ operate: [] }, { read: [] }] : [{ operate: [] }];
  assert.deepEqual(security, isOpen ? [] : secured, what);
  const named = [...path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => name);
  assert.deepEqual(
    parameters.filter((parameter) => parameter.in === "path").map(({ name }) => name),
    named,
    what,
  );
  assert.equal(
    parameters.some(({ name }) => name === "Idempotency-Key"),
    method === "POST",
    what,
  );
  const statuses = [200, ...(isOpen ? [] : [401, 403, 500, 503]), ...(method === "POST" ? [400, 413, 415, 422] : [])];
  for (const status of statuses) assert.ok(status in responses, `${what} ${status}`);
}

test("[admin] an operation says what it is, who may ask, each parameter, and each answer", async (t) => {
  const { document, operations } = await descriptionOf(await Server.start(t, "single.ts", tokens));
  const ids = operations.map(({ operation }) => operation.operationId);
  assert.equal(new Set(ids).size, ids.length, "each has a name of its own");
  const tags = new Set(document.tags.map(({ name }) => name));
  for (const each of operations) judgeOperation(each, tags);
  assert.deepEqual(
    operations
      .filter(({ operation }) => operation.requestBody !== undefined)
      .map(({ operation }) => operation.operationId)
      .toSorted(),
    ["messageUser", "setLogLevel"],
    "no empty body is required",
  );
});

test("[admin] ARCHITECTURE §7 has a row for every operation, with the role that may ask for it", async (t) => {
  const { operations } = await descriptionOf(await Server.start(t, "single.ts", tokens));
  const roleOf = ({ security }: Operation): string => {
    if (security.length === 0) return "anybody";
    return security.some((one) => "read" in one) ? "read" : "operate";
  };
  const text = readFileSync(new URL("../ARCHITECTURE.md", import.meta.url), "utf8");
  const rows = [...text.matchAll(/^\| `(GET|POST|DELETE) (\S+)` \| (\w+) \| [a-z ]+ \| .+ \|$/gm)].map(
    ([, method, path, role]) => `${method} ${path} ${role}`,
  );
  assert.deepEqual(rows.toSorted(), operations.map(({ method, path, operation }) => `${method} ${path} ${roleOf(operation)}`).toSorted());
});

test("[admin] docs/admin_api.md is made of the description", async (t) => {
  const { text } = await askText(await Server.start(t, "single.ts", tokens), "GET", "/openapi.json", { headers: reader });
  const written = readFileSync(new URL("../docs/admin_api.md", import.meta.url), "utf8");
  assert.equal(written, adminReference(JSON.parse(text) as Described), "run: node tests/support/write_admin_reference.ts");
});

test("[admin] what is really answered is as described: each operation's good answer, and its refusals", async (t) => {
  const { first, gate, single } = await everyKind(t);
  const players = [1, 2, 3, 4].map((user) => Player.seated(gate.port, user, { room_id: String(user) }));
  for (const player of await Promise.all(players)) await player.hearUntil("Scene");
  await (await Player.seated(single.port, 1)).hearUntil("Scene");
  const roomsOf = async (): Promise<{ life: string; id: string }[]> =>
    (await ask(first, "GET", "/rooms", { headers: operator })).body["rooms"] as { life: string; id: string }[];
  await until(async () => (await roomsOf()).length >= 2);
  const [moved, other] = (await roomsOf()) as [{ life: string; id: string }, { life: string; id: string }];
  const [session] = (await ask(gate, "GET", "/sessions?user=1", { headers: operator })).body["sessions"] as { id: string }[];

  const good = new Set<string>();
  const statuses = new Set<number>();
  const askers = new Map<Server, Description>();
  for (const server of [first, gate, single]) askers.set(server, await descriptionOf(server));
  const judge = async (
    server: Server,
    method: string,
    path: string,
    status: number,
    init: RequestInit = { headers: operator },
  ): Promise<void> => {
    const { headers, text, ...answer } = await askText(server, method, path, init);
    assert.equal(answer.status, status, `${method} ${path}: ${text}`);
    const operationId = askers.get(server)?.judge(method, path, { status, type: headers.get("content-type") ?? "", text });
    statuses.add(status);
    if (status === 200) good.add(operationId ?? "");
  };
  const say = (body: unknown, more: Record<string, string> = {}): RequestInit => json(body, { ...operator, ...more });

  for (const server of [first, gate, single]) {
    for (const path of ["/livez", "/readyz", "/metrics", "/openapi.json", "/process", "/drain", "/log-level"])
      await judge(server, "GET", path, 200);
    await judge(server, "POST", "/log-level", 200, say({ level: "info" }));
    await judge(server, "POST", "/log-level", 400, say({ level: "loud" }));
    await judge(server, "DELETE", "/drain", 409);
    await judge(server, "GET", "/drain", 401, {});
    await judge(server, "POST", "/drain", 403, { headers: reader });
    await judge(server, "POST", "/drain", 415, { headers: { ...operator, "Content-Type": "text/plain" }, body: "now" });
    await judge(server, "POST", "/drain", 400, { headers: { ...operator, "Idempotency-Key": "no key" } });
  }
  for (const path of ["/rooms", "/rooms?limit=1", "/rooms?phase=playing&free=true", "/journal", "/rebalance"])
    await judge(first, "GET", path, 200);
  for (const path of [`/rooms/${other.life}`, `/rooms/dice/${other.id}`]) await judge(first, "GET", path, 200);
  await judge(first, "GET", "/rooms?limit=0", 400);
  await judge(first, "GET", "/rooms/dice/99", 404);
  await judge(first, "GET", "/rooms/no-life", 400);
  await judge(first, "POST", `/rooms/${moved.life}/move?to=nobody`, 409);
  await judge(first, "POST", `/rooms/${moved.life}/move`, 200);
  await judge(first, "POST", `/rooms/dice/${other.id}/move`, 200);
  await judge(first, "POST", "/rebalance", 200);
  await judge(first, "POST", "/rooms/dice/99/move", 404);
  await judge(first, "POST", "/rooms/dice/99/dissolve", 404);
  await judge(single, "POST", "/rooms/dice/1/move", 409);
  const { body: room } = await ask(single, "GET", "/rooms/dice/1", { headers: operator });
  await judge(single, "POST", `/rooms/${room["life"]}/dissolve`, 200);
  await (await Player.seated(single.port, 2)).hearUntil("Scene");
  await judge(single, "POST", "/rooms/dice/1/dissolve", 200);

  for (const path of ["/sessions", "/sessions?limit=1", "/sessions?stage=seated", `/sessions/${session?.id}`, "/servers"])
    await judge(gate, "GET", path, 200);
  await judge(gate, "GET", `/sessions/${"0".repeat(16)}-1`, 404);
  await judge(gate, "POST", "/users/1/message", 200, say({ text: "soon" }, { "Idempotency-Key": "k" }));
  await judge(gate, "POST", "/users/1/message", 200, say({ text: "soon" }, { "Idempotency-Key": "k" }));
  await judge(gate, "POST", "/users/1/message", 422, say({ text: "later" }, { "Idempotency-Key": "k" }));
  await judge(gate, "POST", "/users/1/message", 413, say({ text: "x".repeat(70_000) }));
  await judge(gate, "POST", "/users/1/message", 400, say({}));
  await judge(gate, "POST", "/users/99/message", 404, say({ text: "nobody" }));
  await judge(gate, "POST", `/sessions/${session?.id}/kick`, 200);
  await judge(gate, "POST", `/sessions/${"0".repeat(16)}-1/kick`, 404);
  await judge(gate, "POST", "/users/2/kick", 200);
  await judge(gate, "POST", "/users/99/kick", 404);
  await judge(gate, "POST", "/servers/nobody/abandon", 200);
  const { servers } = (await ask(gate, "GET", "/servers", { headers: operator })).body as { servers: { journal: string }[] };
  await judge(gate, "POST", `/servers/${servers[0]?.journal}/abandon`, 409);
  await (await Player.seated(single.port, 3)).hearUntil("Scene");
  await judge(single, "POST", "/drain", 200);
  await judge(single, "GET", "/readyz", 503);
  await judge(single, "DELETE", "/drain", 200);

  const described = new Set([...askers.values()].flatMap(({ operations }) => operations.map(({ operation }) => operation.operationId)));
  assert.deepEqual([...good].toSorted(), [...described].toSorted(), "each has answered well once");
  assert.deepEqual([...statuses].toSorted(), [200, 400, 401, 403, 404, 409, 413, 415, 422, 503]);
});

test("[admin] a description that leaves a field out, or says another type, is caught", async (t) => {
  const server = await Server.start(t, "single.ts", tokens);
  const { text } = await askText(server, "GET", "/openapi.json", { headers: reader });
  const drain = await askText(server, "GET", "/drain", { headers: reader });
  const answer = { status: drain.status, type: "application/json", text: drain.text };
  (await Description.of(text)).judge("GET", "/drain", answer);
  const wrong = await Description.of(text.replaceAll('"waitsFor":{"type":"string"}', '"waitsFor":{"type":"integer"}'));
  assert.throws(() => wrong.judge("GET", "/drain", answer), /waitsFor must be integer/);
  assert.throws(() => wrong.judge("GET", "/drain", { ...answer, status: 418 }), /not described/);
  assert.throws(() => wrong.judge("GET", "/elsewhere", answer), /not described/);
  await assert.rejects(Description.of(text.replaceAll('"responses"', '"answers"').replace('"in":"path"', '"in":"body"')));
});
