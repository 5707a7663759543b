/** Tokens: who is let in, who is not, and why (PROTOCOL §1.1). */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { ManualClock } from "#runtime/clock_manual.ts";
import { Admission, tokenOf } from "./admission.ts";

const key = new Uint8Array(Buffer.from("ZGVmYXVsdF9rZXk=", "base64"));
const previous = new Uint8Array(32).fill(9);
const sample = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6MX0.teQ2o406CHCk91dbp2D3p6ErkfIOELXlyKTkgMiPUT8";
const nowSeconds = Date.UTC(2026, 10, 21) / 1000;

function admission(options: Partial<ConstructorParameters<typeof Admission>[0]> = {}) {
  const keys = [key, previous];
  return new Admission({ keys: () => keys, clock: new ManualClock(), expiryRequired: false, ...options });
}

function sign(payload: Record<string, unknown>, alg = "HS256", secret: Uint8Array = key): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg }).sign(secret);
}

test("[PROTOCOL §1.1] the documented sample token is user 1, for ever, in development", async () => {
  assert.deepEqual(await admission().identify(sample), { user: 1, claims: "{}", expiresAtMs: undefined });
});

for (const alg of ["HS256", "HS384", "HS512"]) {
  test(`[PROTOCOL §1.1] ${alg} is accepted`, async () => {
    assert.equal((await admission().identify(await sign({ id: 42 }, alg))).user, 42);
  });
}

test("[PROTOCOL §1.1] a token of the previous key is good while that is kept, and judged like any other", async () => {
  assert.equal((await admission().identify(await sign({ id: 42 }, "HS512", previous))).user, 42);
  const expired = await sign({ id: 42, exp: nowSeconds - 1 }, "HS256", previous);
  await assert.rejects(admission().identify(expired), /expired/);
});

test("[keys] the keys of the moment count: a new one at once, an old one no longer", async () => {
  let keys = [key];
  const changing = admission({ keys: () => keys });
  const identify = (token: string) => changing.identify(token);
  const [old, fresh] = [await sign({ id: 1 }), await sign({ id: 2 }, "HS256", previous)];
  assert.equal((await identify(old)).user, 1);
  await assert.rejects(identify(fresh), /signature wrong/);
  keys = [previous, key];
  assert.deepEqual([(await identify(old)).user, (await identify(fresh)).user], [1, 2]);
  keys = [previous];
  await assert.rejects(identify(old), /signature wrong/);
  keys = [];
  await assert.rejects(identify(fresh), /algorithm not allowed/);
});

test("[PROTOCOL §1.1] JWT_ISSUER and JWT_AUDIENCE: any of the list, and no other", async () => {
  const strict = admission({ issuers: ["https://login.example", "other"], audiences: ["croupier", "dice"] });
  const ask = async (claims: Record<string, unknown>): Promise<unknown> =>
    strict.identify(await sign({ id: 1, ...claims })).then(
      ({ user }) => user,
      (thrown: Error) => thrown.message,
    );
  assert.equal(await ask({ iss: "https://login.example", aud: "croupier" }), 1);
  assert.equal(await ask({ iss: "other", aud: ["else", "dice"] }), 1);
  for (const iss of [undefined, "", "else", "https://login.example/", ["other"], 7])
    assert.equal(await ask({ iss, aud: "croupier" }), "token claim iss is wrong", String(iss));
  for (const aud of [undefined, "", "else", [], ["else"], { croupier: true }])
    assert.equal(await ask({ iss: "other", aud }), "token claim aud is wrong", String(aud));
});

test("[PROTOCOL §1.1] an issuer's clock may be 5 s ahead of ours; nothing is added to an expiry", async () => {
  assert.equal((await admission().identify(await sign({ id: 1, nbf: nowSeconds + 5 }))).user, 1);
  await assert.rejects(admission().identify(await sign({ id: 1, nbf: nowSeconds + 6 })), /not yet valid/);
  const clock = new ManualClock();
  const token = await sign({ id: 1, exp: nowSeconds + 10 });
  clock.setWall((nowSeconds + 10) * 1000 - 1);
  assert.equal((await admission({ clock }).identify(token)).expiresAtMs, (nowSeconds + 10) * 1000);
  clock.setWall((nowSeconds + 10) * 1000);
  await assert.rejects(admission({ clock }).identify(token), /expired/);
});

test("[P11] the wall clock alone says what has expired: durations do not", async () => {
  const clock = new ManualClock();
  const token = await sign({ id: 1, exp: nowSeconds + 60 });
  await clock.advance(61_000);
  clock.setWall(nowSeconds * 1000);
  assert.equal((await admission({ clock }).identify(token)).user, 1);
});

test("[PROTOCOL §1.1] the other claims reach the game, but for those about the token", async () => {
  const payload = {
    id: 1,
    name: "Ada",
    level: 3,
    iat: nowSeconds,
    iss: "login",
    aud: "croupier",
    jti: "x",
    exp: nowSeconds + 60,
    nbf: nowSeconds,
  };
  const { claims, expiresAtMs } = await admission().identify(await sign(payload));
  assert.deepEqual([JSON.parse(claims), expiresAtMs], [{ name: "Ada", level: 3 }, (nowSeconds + 60) * 1000]);
});

const refused: [what: string, token: () => Promise<string> | string, reason: RegExp][] = [
  ["malformed", () => "not.a.token", /malformed/],
  ["empty parts", () => "..", /malformed/],
  ["wrong signature", () => sign({ id: 1 }, "HS256", new Uint8Array(11).fill(7)), /signature wrong/],
  ["algorithm none", () => new UnsecuredJWT({ id: 1 }).encode(), /malformed|algorithm/],
  [
    "an algorithm that is not on the list",
    async () => new SignJWT({ id: 1 }).setProtectedHeader({ alg: "RS256" }).sign((await generateKeyPair("RS256")).privateKey),
    /algorithm/,
  ],
  ["expired", () => sign({ id: 1, exp: nowSeconds - 1 }), /expired/],
  ["expiring now", () => sign({ id: 1, exp: nowSeconds }), /expired/],
  ["not yet valid", () => sign({ id: 1, nbf: nowSeconds + 10 }), /not yet valid/],
  ["id missing", () => sign({}), /safe positive integer/],
  ["id as text", () => sign({ id: "1" }), /safe positive integer/],
  ["id 0", () => sign({ id: 0 }), /safe positive integer/],
  ["id −1", () => sign({ id: -1 }), /safe positive integer/],
  ["id 1.5", () => sign({ id: 1.5 }), /safe positive integer/],
  ["id 2^53", () => sign({ id: 2 ** 53 }), /safe positive integer/],
  ["claims above 1 KB", () => sign({ id: 1, story: "x".repeat(1024) }), /claims are larger/],
];

for (const [what, token, reason] of refused) {
  test(`[PROTOCOL §1.1] token ${what}: refused`, async () => {
    await assert.rejects(admission().identify(await token()), (thrown: Error) => {
      assert.equal(thrown.name, "TokenRefused");
      assert.match(thrown.message, reason);
      return true;
    });
  });
}

test("[PROTOCOL §1.1] an id above 2^53 written out in the payload does not become another user", async () => {
  await assert.rejects(admission().identify(written('{"id":9007199254740993}')), /safe positive integer/);
});

/** A token whose payload is this text. */
function written(text: string): string {
  const signed = [`{"alg":"HS256"}`, text].map((part) => Buffer.from(part).toString("base64url")).join(".");
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}

test("[faults §1] a claim that is there twice is one thing to us and another to others: refused", async () => {
  const twice = ['{"id":1,"id":2}', '{"id":1,"\\u0069d":1}', '{"a":{"b":[{}]},"id":1,"a":1}', '{"id":1,"name":"a","name":"b"}'];
  for (const text of twice) await assert.rejects(admission().identify(written(text)), /a claim twice/, text);
  const once = ['{"id":1}', '{"id":1,"a":{"id":2,"b":[{"id":3}]}}', '{"id":1,"say":"\\"id\\":2,{"}', '{"id":1,"list":["id","id"]}'];
  for (const text of once) assert.equal((await admission().identify(written(text))).user, 1, text);
});

test("[PROTOCOL §1.1] production wants an expiry", async () => {
  const strict = admission({ expiryRequired: true });
  await assert.rejects(strict.identify(sample), /no expiry/);
  assert.equal((await strict.identify(await sign({ id: 1, exp: nowSeconds + 60 }))).user, 1);
});

function request(headers: Record<string, string | string[]>): IncomingMessage {
  const distinct = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat()]));
  return { headers, headersDistinct: distinct } as unknown as IncomingMessage;
}

test("[PROTOCOL §1] a token comes by query, by header or by subprotocol", () => {
  assert.equal(tokenOf(request({}), new URLSearchParams("token=a")), "a");
  assert.equal(tokenOf(request({ authorization: "Bearer b" }), new URLSearchParams()), "b");
  assert.equal(tokenOf(request({ "sec-websocket-protocol": "bearer, c" }), new URLSearchParams()), "c");
});

test("[PROTOCOL §1.1] no token, or several in one request: refused", () => {
  const header = { authorization: "Bearer a" };
  assert.throws(() => tokenOf(request({}), new URLSearchParams()), /missing/);
  assert.throws(() => tokenOf(request({ "sec-websocket-protocol": "bearer" }), new URLSearchParams()), /missing/);
  assert.throws(() => tokenOf(request(header), new URLSearchParams("token=a")), /several/);
  assert.throws(() => tokenOf(request({}), new URLSearchParams("token=a&token=a")), /several/);
  assert.throws(() => tokenOf(request({ "sec-websocket-protocol": "bearer, a, bearer, b" }), new URLSearchParams()), /several/);
  assert.throws(() => tokenOf(request({ authorization: ["Bearer a", "Bearer b"] }), new URLSearchParams()), /several/);
});
