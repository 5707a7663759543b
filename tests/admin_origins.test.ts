/** Which web pages may ask the admin listener (ARCHITECTURE §7): its own, those of ADMIN_ORIGINS, and no other, with a token and without. */
import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import type { ProcessView } from "#runtime/process_views.ts";
import { playing } from "./support/ask.ts";
import { Server } from "./support/process.ts";
import { settingSentence } from "./support/setting_sentence.ts";

const tokens = { ADMIN_TOKEN: "an operator's token", ADMIN_READ_TOKEN: "a reader's token" };
const operator = { Authorization: `Bearer ${tokens.ADMIN_TOKEN}` };
const ops = "https://ops.example";

interface Heard {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

/** What a browser sends, headers and all: `fetch` would not let us say who we are. */
function browse({ adminPort }: Pick<Server, "adminPort">, method: string, path: string, headers: Record<string, string>): Promise<Heard> {
  const { promise, resolve, reject } = Promise.withResolvers<Heard>();
  const asked = request({ host: "127.0.0.1", port: adminPort, method, path, headers }, (response) => {
    let text = "";
    response.on("data", (data: Buffer) => {
      text += data.toString();
    });
    response.once("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
  });
  asked.once("error", reject);
  asked.end();
  return promise;
}

const preflight = { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,idempotency-key" };

test("[admin] without a token the listener's own page may look and change, by whatever name this machine has", async (t) => {
  const { server } = await playing(t);
  for (const name of ["127.0.0.1", "localhost", "[::1]"]) {
    const host = `${name}:${server.adminPort}`;
    const own = { Host: host, Origin: `http://${host}`, "Sec-Fetch-Site": "same-origin" };
    assert.equal((await browse(server, "GET", "/drain", { Host: host, "Sec-Fetch-Site": "same-origin" })).status, 200, host);
    assert.equal((await browse(server, "POST", "/drain", own)).status, 200, host);
    assert.equal((await browse(server, "DELETE", "/drain", own)).status, 200, host);
  }
});

test("[admin] without a token no page of another origin asks, not even of another port here, nor one that says no origin", async (t) => {
  const { server } = await playing(t);
  const host = `127.0.0.1:${server.adminPort}`;
  const others = [
    "https://evil.example",
    "http://127.0.0.1:1",
    "http://127.0.0.1",
    `https://${host}`,
    `http://localhost:${server.adminPort}`,
    "null",
  ];
  for (const origin of others)
    for (const method of ["GET", "POST", "OPTIONS"]) {
      const { status, headers } = await browse(server, method, "/drain", { Host: host, Origin: origin, ...preflight });
      assert.deepEqual([status, headers["access-control-allow-origin"]], [403, undefined], `${method} of ${origin}`);
    }
  for (const site of ["cross-site", "same-site"])
    assert.equal(
      (await browse(server, "GET", "/rooms", { Host: host, "Sec-Fetch-Site": site, "Sec-Fetch-Mode": "no-cors" })).status,
      403,
      site,
    );
  assert.equal((await browse(server, "GET", "/drain", { Host: host })).status, 200, "nothing was begun");
});

test("[admin] without a token a name that only leads here (DNS rebinding) is answered nothing: no page, no list, no change", async (t) => {
  const { server } = await playing(t);
  const host = `evil.example:${server.adminPort}`;
  const own = { Host: host, "Sec-Fetch-Site": "same-origin" };
  for (const path of ["/", "/assets/x.js", "/rooms", "/process"]) assert.equal((await browse(server, "GET", path, own)).status, 403, path);
  assert.equal((await browse(server, "POST", "/drain", { ...own, Origin: `http://${host}` })).status, 403);
});

test("[admin] a page of ADMIN_ORIGINS may ask and read the answer; its preflight needs no token, its request does", async (t) => {
  const { server } = await playing(t, { ...tokens, ADMIN_ORIGINS: `http://127.0.0.1:60016, ${ops}` });
  const asked = await browse(server, "OPTIONS", "/users/1/message", { Origin: ops, ...preflight });
  assert.deepEqual(
    [asked.status, asked.text, asked.headers["access-control-allow-origin"], asked.headers["vary"]],
    [204, "", ops, "Origin"],
  );
  assert.equal(asked.headers["access-control-allow-methods"], "GET, POST, DELETE");
  assert.equal(asked.headers["access-control-allow-headers"], "Authorization, Content-Type, Idempotency-Key");
  assert.equal(asked.headers["access-control-allow-credentials"], undefined, "no cookie, ever");
  const good = await browse(server, "GET", "/drain", { Origin: ops, ...operator });
  assert.deepEqual([good.status, good.headers["access-control-allow-origin"], good.headers["vary"]], [200, ops, "Origin"]);
  for (const [status, method, path, headers] of [
    [401, "GET", "/drain", {}],
    [404, "GET", "/nothing", operator],
    [409, "DELETE", "/drain", operator],
    [405, "OPTIONS", "/drain", operator],
  ] as const) {
    const refused = await browse(server, method, path, { Origin: ops, ...headers });
    assert.deepEqual([refused.status, refused.headers["access-control-allow-origin"]], [status, ops], "it may read why");
  }
});

test("[admin] a page that is not of ADMIN_ORIGINS hears no permission, with the token or without, and neither does anybody where it is unset", async (t) => {
  const { server } = await playing(t, { ...tokens, ADMIN_ORIGINS: ops });
  const closed = await Server.start(t, "single.ts", tokens);
  for (const [asked, origin] of [
    [server, "https://evil.example"],
    [server, "https://ops.example.evil.example"],
    [server, "https://OPS.example"],
    [server, "null"],
    [closed, ops],
  ] as const) {
    const before = await browse(asked, "OPTIONS", "/drain", { Origin: origin, ...preflight });
    assert.deepEqual([before.status, before.headers["access-control-allow-origin"]], [401, undefined], origin);
    const answer = await browse(asked, "GET", "/drain", { Origin: origin, ...operator });
    assert.deepEqual([answer.status, answer.headers["access-control-allow-origin"]], [200, undefined], `${origin} may not read it`);
  }
});

test("[admin] without a token a page of ADMIN_ORIGINS is let in like the listener's own, and a foreign name still is not", async (t) => {
  const { server } = await playing(t, { ADMIN_ORIGINS: "http://127.0.0.1:60016" });
  const page = { Origin: "http://127.0.0.1:60016", Host: `127.0.0.1:${server.adminPort}` };
  assert.equal((await browse(server, "OPTIONS", "/drain", { ...page, ...preflight })).status, 204);
  assert.equal((await browse(server, "POST", "/drain", page)).status, 200);
  assert.equal((await browse(server, "DELETE", "/drain", { ...page, Host: "evil.example" })).status, 403);
});

test("[admin] with a token set the page and what it is made of need none; what it shows does", async (t) => {
  const { server } = await playing(t, tokens);
  const page = await browse(server, "GET", "/", {});
  assert.equal(page.headers["content-type"]?.toString().split(";")[0], page.status === 200 ? "text/html" : "text/plain");
  assert.match(String(page.headers["content-security-policy"]), /script-src 'self';.*frame-ancestors 'none'/);
  assert.doesNotMatch(String(page.headers["content-security-policy"]), /unsafe/);
  assert.equal((await browse(server, "GET", "/assets/nothing.js", {})).status, 404);
  assert.equal((await browse(server, "POST", "/", {})).status, 401);
  assert.equal((await browse(server, "POST", "/", operator)).status, 405);
  for (const path of ["/process", "/drain", "/rooms"]) assert.equal((await browse(server, "GET", path, {})).status, 401, path);
});

test("[admin] GET /process says what a process is, and what the token that asks may do", async (t) => {
  const { server } = await playing(t, { ...tokens, VERSION: "v9" });
  const asOperator = JSON.parse((await browse(server, "GET", "/process", operator)).text) as ProcessView;
  assert.deepEqual([asOperator.service, asOperator.release, asOperator.role], ["croupier", "v9", "operate"]);
  assert.ok(asOperator.machine !== "" && Math.abs(Date.now() - asOperator.startedAtMs) < 600_000);
  const reader = { Authorization: `Bearer ${tokens.ADMIN_READ_TOKEN}` };
  assert.equal((JSON.parse((await browse(server, "GET", "/process", reader)).text) as ProcessView).role, "read");
});

test("[start] ADMIN_ORIGINS takes origins as browsers write them, and no pattern", () => {
  for (const wrong of ["*", "ops.example", "https://ops.example/", "https://*.example", "https://Ops.example", "null", "http://a:80", "a,"])
    assert.match(settingSentence({ ADMIN_ORIGINS: wrong }), /^ADMIN_ORIGINS must be a list of origins/, wrong);
  assert.equal(settingSentence({ ADMIN_ORIGINS: "https://ops.example, http://127.0.0.1:60016,http://[::1]:60009" }), "");
});
