/**
 * Fuzzes who may come in (door/admission.ts). One piece is a token as it stands. Three are the header, the payload and a
 * digit that says with which key they are signed: so mutations get behind the signature.
 */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import type { IncomingMessage } from "node:http";
import fc from "fast-check";
import { Admission, claimsBytesMax, type Identity, TokenRefused, tokenOf } from "#door/admission.ts";
import { ManualClock } from "#runtime/clock_manual.ts";
import { fuzz, type Pieces } from "./fuzzer.ts";
import { isPublicAlgorithm, isSignedPublicly, publicTexts, readJwks, signPublicly } from "./public_keys.ts";

const keys = [new Uint8Array(32).fill(1), new Uint8Array(48).fill(2)];
const strangers = [new Uint8Array(32).fill(3), new Uint8Array(1), ...publicTexts];
const clock = new ManualClock();
const nowSeconds = clock.wall() / 1000;
const admission = new Admission({ keys: () => keys, clock, expiryRequired: true, jwks: await readJwks(clock) });
const hashes: Readonly<Record<string, string>> = { HS256: "sha256", HS384: "sha384", HS512: "sha512" };

const seconds = fc.oneof(
  fc.integer({ min: -2, max: 2 }).map((by) => nowSeconds + by),
  fc.double(),
  fc.constantFrom<unknown>(2 ** 53, "1", null),
);
const header = fc.record(
  {
    alg: fc.constantFrom<unknown>("HS256", "HS384", "HS512", "HS256", "none", "RS256", "ES256", "EdDSA", "__proto__", "constructor", 7),
    ...{
      typ: fc.constantFrom<unknown>("JWT", ""),
      kid: fc.oneof(fc.string(), fc.constantFrom<unknown>("RS256", "ES256", "EdDSA", 7)),
      crit: fc.array(fc.constantFrom("exp", "b64")),
      b64: fc.boolean(),
    },
    ...{
      jku: fc.webUrl(),
      x5u: fc.webUrl(),
      jwk: fc.constant({ kty: "oct", k: "AAAA" }),
      zip: fc.constant("DEF"),
      enc: fc.constant("A128GCM"),
    },
  },
  { requiredKeys: ["alg"] },
);
const payload = fc.record(
  {
    id: fc.oneof(fc.integer({ min: -1, max: 2 ** 31 }), fc.constantFrom<unknown>(2 ** 53, 2 ** 53 - 1, 1.5, "1", null, [1], 1e21)),
    exp: fc.oneof({ weight: 3, arbitrary: fc.constant(nowSeconds + 60) }, { weight: 1, arbitrary: seconds }),
    ...{ nbf: seconds, iat: seconds, iss: fc.string(), aud: fc.string(), jti: fc.string(), name: fc.jsonValue() },
    __proto__: fc.jsonValue(),
  },
  { requiredKeys: ["id", "exp"] },
);

fuzz({
  name: "token",
  fresh: fc.oneof(
    fc
      .tuple(header, payload, fc.nat(8))
      .map(([head, body, key]) =>
        [JSON.stringify(head), JSON.stringify(body), String(key)].map((text) => new Uint8Array(Buffer.from(text))),
      ),
    fc.string({ unit: "binary" }).map((text) => [new Uint8Array(Buffer.from(text))]),
  ),
  words: [
    '"alg":"none"',
    '"alg":"HS256"',
    '"id":9007199254740993',
    '"id":1,"id":2',
    ".",
    "..",
    "=",
    "-",
    "_",
    "\u00ff",
    '"exp":1e400',
    '"b64":false',
  ],
  async take(pieces) {
    const token = tokenFrom(pieces);
    const identity = await identify(token);
    if (identity !== undefined) judge(token, identity);
    find(token);
  },
});

function tokenFrom(pieces: Pieces): string {
  const [head, body, key] = pieces;
  if (head === undefined) return "";
  if (body === undefined || key === undefined) return Buffer.from(head).toString("latin1");
  const signed = `${Buffer.from(head).toString("base64url")}.${Buffer.from(body).toString("base64url")}`;
  const [digit = 0] = key;
  const alg = algorithmOf(head);
  if (isPublicAlgorithm(alg) && digit % 3 > 0) return `${signed}.${signPublicly(signed, alg, digit % 3 === 1)}`;
  return `${signed}.${signatureOf(signed, keyOf(digit), hashOf(head) ?? "sha256")}`;
}

function keyOf(digit: number): Uint8Array {
  const all = [...keys, ...keys, ...strangers];
  return all[digit % all.length] ?? new Uint8Array(1);
}

function signatureOf(text: string, key: Uint8Array, algorithm: string): string {
  return createHmac(algorithm, key).update(text).digest("base64url");
}

function hashOf(head: Uint8Array): string | undefined {
  const alg = algorithmOf(head);
  return typeof alg === "string" && Object.hasOwn(hashes, alg) ? hashes[alg] : undefined;
}

function algorithmOf(head: Uint8Array): unknown {
  return (parsed(head) as { alg?: unknown } | undefined)?.alg;
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8")) ?? undefined;
  } catch {
    return undefined;
  }
}

/** The identity, or undefined where the token is refused as it must be: with a reason that shows nothing of it. */
async function identify(token: string): Promise<Identity | undefined> {
  try {
    return await admission.identify(token);
  } catch (thrown) {
    assert.ok(thrown instanceof TokenRefused, `something else is thrown: ${thrown}`);
    assert.match(thrown.message, /^token [a-z0-9 "]{4,60}$/, "the reason is one of a few");
    if (thrown.message === "token signature wrong") assert.ok(!isSigned(token), "a good signature is refused");
    return undefined;
  }
}

/** What is let in must be good by other means, too. */
function judge(token: string, { user, claims, expiresAtMs }: Identity): void {
  assert.ok(isSigned(token), "nobody who has a key has signed this");
  const said = parsed(Buffer.from(token.split(".")[1] ?? "", "base64url")) as Record<string, unknown>;
  assert.ok(Number.isSafeInteger(user) && user > 0 && said["id"] === user);
  assert.ok(typeof said["exp"] === "number" && said["exp"] > nowSeconds && expiresAtMs === said["exp"] * 1000);
  if (said["nbf"] !== undefined) assert.ok(typeof said["nbf"] === "number" && said["nbf"] <= nowSeconds + 5);
  assert.ok(Buffer.byteLength(claims) <= claimsBytesMax);
  const carried = JSON.parse(claims) as Record<string, unknown>;
  assert.ok(!["id", "exp", "nbf", "iat", "iss", "aud", "jti"].some((name) => Object.hasOwn(carried, name)));
  assert.equal(Object.getPrototypeOf(carried), Object.prototype);
}

function isSigned(token: string): boolean {
  const [head = "", body = "", signature = ""] = token.split(".");
  const headBytes = Buffer.from(head, "base64url");
  const [alg, algorithm] = [algorithmOf(headBytes), hashOf(headBytes)];
  const given = Buffer.from(signature, "base64url");
  if (isPublicAlgorithm(alg)) return isSignedPublicly(`${head}.${body}`, given, { ...(parsed(headBytes) as object), alg });
  if (algorithm === undefined) return false;
  return keys.some((key) => Buffer.from(signatureOf(`${head}.${body}`, key, algorithm), "base64url").equals(given));
}

/** The three ways in which a request brings it: it is found as it is, or the request is refused. */
function find(text: string): void {
  const ways: [headers: Record<string, string>, query: string][] = [
    [{}, `token=${encodeURIComponent(text)}`],
    [{}, text],
    [{ authorization: `Bearer ${text}` }, ""],
    [{ authorization: text }, ""],
    [{ "sec-websocket-protocol": `bearer, ${text}` }, ""],
    [{ "sec-websocket-protocol": text }, "token=x"],
  ];
  for (const [headers, query] of ways) {
    const headersDistinct = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
    const request = { headers, headersDistinct } as unknown as IncomingMessage;
    try {
      assert.notEqual(tokenOf(request, new URLSearchParams(query)), "");
    } catch (thrown) {
      assert.ok(thrown instanceof TokenRefused && /^(token missing|several tokens)$/.test(thrown.message), String(thrown));
    }
  }
}
