/** Tokens: who is let in, who is not, and why (PROTOCOL §1.1). */
import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { test } from "node:test";
import { generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { ManualClock } from "#tests/support/manual_clock.ts";
import { Admission, tokenOf } from "./admission.ts";

const key = new Uint8Array(Buffer.from("ZGVmYXVsdF9rZXk=", "base64"));
const previous = new Uint8Array(32).fill(9);
const sample = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpZCI6MX0.teQ2o406CHCk91dbp2D3p6ErkfIOELXlyKTkgMiPUT8";
const nowSeconds = Date.UTC(2026, 10, 21) / 1000;

function admission({ expiryRequired = false } = {}) {
  return new Admission({ keys: [key, previous], clock: new ManualClock(), expiryRequired });
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
  const payload = Buffer.from('{"id":9007199254740993}').toString("base64url");
  const header = Buffer.from('{"alg":"HS256"}').toString("base64url");
  const hmac = await crypto.subtle.importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const signature = Buffer.from(await crypto.subtle.sign("HMAC", hmac, Buffer.from(`${header}.${payload}`))).toString("base64url");
  await assert.rejects(admission().identify(`${header}.${payload}.${signature}`), /safe positive integer/);
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
