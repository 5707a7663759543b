/** Tokens signed with public keys, whose URL does whatever a server on the network may do. Real HTTP, and time at hand. */
import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { gzipSync } from "node:zlib";
import { exportSPKI, importJWK, type JWK } from "jose";
import { ManualClock } from "#runtime/clock_manual.ts";
import { silentLog } from "#runtime/log.ts";
import { certified } from "#tests/support/certificate.ts";
import { Issuer, SigningKey } from "#tests/support/issuer.ts";
import { until } from "#tests/support/until.ts";
import { Admission } from "./admission.ts";
import { Jwks } from "./jwks.ts";
import { KeyCounts, type Outcome } from "./key_counts.ts";

const [rsa, ec, ed] = await Promise.all([SigningKey.make("RS256", "a"), SigningKey.make("ES256", "b"), SigningKey.make("EdDSA", "c")]);
const next = await SigningKey.make("ES256", "d");
const secret = new Uint8Array(32).fill(7);

interface Door {
  readonly admission: Admission;
  readonly clock: ManualClock;
  readonly counts: KeyCounts;
  readonly lines: string[];
  /** Until a reading has ended so. */
  read(outcome: Outcome, times?: number): Promise<void>;
  /** The user, or why not. */
  ask(token: string | Promise<string>): Promise<number | string>;
}

/** An admission with this issuer's keys, started. */
function openDoor(t: TestContext, url: string, options: Partial<ConstructorParameters<typeof Admission>[0]> = {}): Door {
  const clock = new ManualClock(Date.now());
  const counts = new KeyCounts();
  const lines: string[] = [];
  const say = (event: string, fields = {}): void => void lines.push(`${event}: ${Object.values(fields).join()}`);
  const jwks = new Jwks({ url: new URL(url), clock, counts, log: { ...silentLog, info: say, warn: say } });
  const admission = new Admission({ keys: () => [], clock, expiryRequired: true, jwks, ...options });
  t.after(() => admission.stop());
  admission.start();
  return {
    ...{ admission, clock, counts, lines },
    read: (outcome, times = 1) => until(() => counts.readings.of(outcome) >= times),
    ask: async (token) => {
      try {
        return (await admission.identify(await token)).user;
      } catch (thrown) {
        return `${(thrown as Error).name}: ${(thrown as Error).message}`;
      }
    },
  };
}

test("[PROTOCOL §1.1] RS256, ES256 and EdDSA tokens of published keys let in, with and without a key's name", async (t) => {
  const issuer = await Issuer.open(t, [rsa, ec, ed]);
  const { ask, read, counts } = openDoor(t, issuer.url);
  await read("ok");
  for (const key of [rsa, ec, ed]) {
    assert.equal(await ask(key.sign({ id: 7 })), 7, key.algorithm);
    assert.equal(await ask(key.sign({ id: 8 }, { kid: undefined })), 8, key.algorithm);
  }
  assert.deepEqual([counts.keys, issuer.asked], [3, 1]);
});

test("[PROTOCOL §1.1] keys are published over HTTPS, and the certificate is checked", async (t) => {
  const own = certified(t);
  if (own === undefined) return;
  const issuer = await Issuer.open(t, [ec], { key: readFileSync(own.keyFile), cert: Buffer.from(own.certificate) });
  const stranger = openDoor(t, issuer.url);
  await stranger.read("away");
  assert.match((await stranger.ask(ec.sign({ id: 7 }))) as string, /^KeysAway/);
  assert.match(stranger.lines.join(), /keys failure: JWKS_URL: there is no answer \((DEPTH_ZERO_)?SELF_SIGNED/);
  const before = getCACertificates("default");
  setDefaultCACertificates([...before, own.certificate]);
  t.after(() => setDefaultCACertificates(before));
  const { ask, read } = openDoor(t, issuer.url);
  await read("ok");
  assert.equal(await ask(ec.sign({ id: 7 })), 7);
});

// Algorithm confusion: what a token says of itself chooses nothing.

async function forged(header: Record<string, unknown>, key: string | Uint8Array): Promise<string> {
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const signed = `${encode(header)}.${encode({ id: 1, exp: Math.floor(Date.now() / 1000) + 600 })}`;
  return `${signed}.${createHmac("sha256", key).update(signed).digest("base64url")}`;
}

test("[faults §4] a public key is no secret: HS256 with it, in whatever form, lets nobody in", async (t) => {
  const issuer = await Issuer.open(t, [rsa, ec]);
  for (const keys of [[], [secret]]) {
    const { ask, read } = openDoor(t, issuer.url, { keys: () => keys });
    await read("ok");
    const pem = await exportSPKI((await importJWK(rsa.jwk, "RS256", { extractable: true })) as CryptoKey);
    const forms = [pem, pem.trimEnd(), JSON.stringify(rsa.jwk), rsa.jwk.n ?? "", Buffer.from(rsa.jwk.n ?? "", "base64url"), ""];
    for (const form of forms) {
      const said = await ask(forged({ alg: "HS256", kid: "a" }, form));
      assert.equal(said, `TokenRefused: token ${keys.length === 0 ? "algorithm not allowed" : "signature wrong"}`);
    }
  }
});

test("[faults §4] a key that the token brings or points to is not looked at", async (t) => {
  const thief = await SigningKey.make("ES256", "b");
  const theirs = await Issuer.open(t, [thief]);
  const issuer = await Issuer.open(t, [ec]);
  const { ask, read } = openDoor(t, issuer.url);
  await read("ok");
  for (const header of [{ jwk: thief.jwk }, { jku: theirs.url }, { x5u: theirs.url }, { x5c: ["AAAA"] }, { x5t: "x" }])
    assert.equal(await ask(thief.sign({ id: 1 }, header)), "TokenRefused: token signature wrong", Object.keys(header).join());
  assert.equal(theirs.asked, 0);
  assert.equal(await ask(ec.sign({ id: 1 }, { jku: theirs.url })), 1, "of no use, and of no harm");
});

test("[faults §4] headers that ask for something else: refused", async (t) => {
  const issuer = await Issuer.open(t, [rsa, ec, ed]);
  const { ask, read } = openDoor(t, issuer.url, { keys: () => [secret] });
  await read("ok");
  const headers: [Record<string, unknown>, RegExp][] = [
    [{ alg: "ES256", kid: "a" }, /key unknown/],
    [{ alg: "RS256", kid: 1 }, /malformed/],
    [{ alg: "RS256", kid: "a" }, /signature wrong/],
    [{ alg: "RS512", kid: "a" }, /algorithm not allowed/],
    [{ alg: "PS256", kid: "a" }, /algorithm not allowed/],
    [{ alg: "none" }, /algorithm not allowed/],
    [{ alg: "__proto__" }, /algorithm not allowed/],
    [{ alg: ["HS256"] }, /algorithm not allowed|malformed/],
    [{ alg: "HS256", crit: ["b64"], b64: false }, /malformed/],
    [{ alg: "HS256", crit: ["exp"], exp: 1 }, /malformed/],
  ];
  for (const [header, reason] of headers) assert.match(String(await ask(forged(header, secret))), reason, JSON.stringify(header));
  assert.equal(await ask(forged({ alg: "HS256", kid: "whatever" }, secret)), 1, "secret keys have no names");
});

test("[faults §4] only keys that may check tokens are taken from a set", async (t) => {
  const small = await SigningKey.make("RS256", "small");
  const bad: unknown[] = [
    { kty: "oct", k: Buffer.from(secret).toString("base64url"), alg: "HS256", kid: "s" },
    { ...ec.jwk, use: "enc" },
    { ...ec.jwk, key_ops: ["sign"] },
    { ...ec.jwk, key_ops: 7 },
    { ...ec.jwk, alg: "ES384" },
    { ...ec.jwk, kid: 7 },
    { ...ec.jwk, d: Buffer.alloc(32, 1).toString("base64url") },
    { ...ec.jwk, x: "AAAA" },
    { ...rsa.jwk, alg: "PS256" },
    { ...small.jwk, n: Buffer.alloc(128, 255).toString("base64url") },
    { kty: "EC", crv: "P-256" },
    ...[null, 7, "key", [], {}],
  ];
  const issuer = await Issuer.open(t, []);
  issuer.publish([...bad, ed.jwk]);
  const { ask, read, counts } = openDoor(t, issuer.url);
  await read("ok");
  assert.equal(counts.keys, 1);
  assert.equal(await ask(ed.sign({ id: 3 })), 3);
  assert.match(String(await ask(forged({ alg: "HS256", kid: "s" }, secret))), /algorithm not allowed/);
});

// The URL: late, away, too much, nonsense.

test("[PROTOCOL §1.1] no key yet and the URL away: nobody can say whether the token is good. Then it is back", async (t) => {
  const issuer = await Issuer.open(t, [ec]);
  issuer.say("sorry", 503);
  const { admission, ask, clock, read, lines } = openDoor(t, issuer.url);
  await read("status");
  assert.equal(admission.hasKeys, false);
  assert.equal(await ask(ec.sign({ id: 7 })), "KeysAway: the keys of tokens cannot be read");
  issuer.publish([ec.jwk]);
  await clock.advance(5000);
  await read("ok");
  await until(() => admission.hasKeys);
  assert.equal(await ask(ec.sign({ id: 7 })), 7);
  assert.deepEqual(lines, ["keys failure: JWKS_URL: the answer is HTTP 503", "keys read: 1 in use"]);
});

const answers: [what: string, outcome: Outcome, say: (issuer: Issuer) => void][] = [
  ["an error", "status", (issuer) => issuer.say("no", 500)],
  ["a redirect", "status", (issuer) => issuer.say("", 302, { Location: issuer.url })],
  ["garbage", "garbage", (issuer) => issuer.say("<html>")],
  ["an empty set", "no keys", (issuer) => issuer.say('{"keys":[]}')],
  ["no set", "no keys", (issuer) => issuer.say("null")],
  ["10 MB", "too large", (issuer) => issuer.say(`{"keys":[],"x":"${"x".repeat(10e6)}"}`)],
  [
    "10 MB, compressed",
    "too large",
    (issuer) => issuer.answer((response) => response.writeHead(200, { "Content-Encoding": "gzip" }).end(gzipSync("x".repeat(10e6)))),
  ],
  [
    "half an answer",
    "away",
    (issuer) =>
      issuer.answer((response) => {
        response.writeHead(200, { "Content-Length": "100" }).write('{"keys":[');
        response.socket?.destroySoon();
      }),
  ],
  ["a broken connection", "away", (issuer) => issuer.answer((response) => void response.socket?.destroy())],
];

for (const [what, outcome, say] of answers) {
  test(`[P8] JWKS_URL answers ${what}: the keys that there are stay in use, and that is said once`, async (t) => {
    const issuer = await Issuer.open(t, [ec]);
    const { ask, clock, read, lines } = openDoor(t, issuer.url);
    await read("ok");
    await until(() => lines.length === 1);
    say(issuer);
    await clock.advance(300_000);
    await read(outcome);
    await clock.advance(30_000);
    await read(outcome, 2);
    assert.equal(await ask(ec.sign({ id: 7, exp: Math.floor(Date.now() / 1000) + 6000 })), 7);
    assert.equal(lines.length, 2, lines.join("\n"));
    issuer.publish([ec.jwk, next.jwk]);
    await clock.advance(30_000);
    await read("ok", 2);
    await until(() => lines.length === 3);
    assert.equal(await ask(next.sign({ id: 8, exp: Math.floor(Date.now() / 1000) + 6000 })), 8);
  });
}

test("[P8] JWKS_URL hangs: it is waited for 5 s, by tokens of unknown keys only, and not by more than a thousand", async (t) => {
  const issuer = await Issuer.open(t, [ec]);
  const { ask, clock, read, counts } = openDoor(t, issuer.url);
  await read("ok");
  issuer.answer((response) => void response.writeHead(200).write("{"));
  await clock.advance(30_000);
  const unknown = await next.sign({ id: 1 });
  const waiting = Array.from({ length: 1000 }, () => ask(unknown));
  await until(() => issuer.asked === 2);
  assert.equal(await ask(unknown), "KeysAway: too many tokens wait for their keys");
  assert.equal(await ask(ec.sign({ id: 7 })), 7, "nobody else waits");
  await clock.advance(5000);
  await read("late");
  assert.deepEqual(new Set(await Promise.all(waiting)), new Set(["KeysAway: the keys of tokens cannot be read"]));
  assert.deepEqual([issuer.asked, counts.readings.of("late")], [2, 1]);
  assert.equal(await ask(ec.sign({ id: 7 })), 7);
});

test("[P7] tokens of keys that nobody knows: one question in 30 s, however many there are", async (t) => {
  const issuer = await Issuer.open(t, [ec]);
  const { ask, clock, read } = openDoor(t, issuer.url);
  await read("ok");
  const flood = async (): Promise<Set<number | string>> =>
    new Set(await Promise.all(Array.from({ length: 200 }, (_, at) => ask(next.sign({ id: 1 }, { kid: `made up ${at}` })))));
  assert.deepEqual(await flood(), new Set(["TokenRefused: token key unknown"]));
  assert.equal(issuer.asked, 1, "it was asked less than 30 s ago");
  await clock.advance(30_000);
  assert.deepEqual(
    [await flood(), await flood(), issuer.asked],
    [new Set(["TokenRefused: token key unknown"]), new Set(["TokenRefused: token key unknown"]), 2],
  );
});

test("[keys] a new key of the issuer's is found by the first token that it signs; one that is withdrawn is refused within 5 min", async (t) => {
  const issuer = await Issuer.open(t, [ec]);
  const { ask, clock, read } = openDoor(t, issuer.url);
  await read("ok");
  await clock.advance(30_000);
  issuer.publish([ec.jwk, next.jwk]);
  const late = { exp: Math.floor(Date.now() / 1000) + 6000 };
  assert.deepEqual([await ask(next.sign({ id: 8, ...late })), await ask(ec.sign({ id: 7, ...late }))], [8, 7]);
  issuer.publish([next.jwk]);
  await clock.advance(300_000);
  await read("ok", 3);
  await until(async () => (await ask(ec.sign({ id: 7, ...late }))) === "TokenRefused: token key unknown");
  assert.equal(await ask(next.sign({ id: 8, ...late })), 8);
});

test("[keys] JWT_KEY and JWKS_URL together: tokens of both are good, and a URL that is away is nothing to those of JWT_KEY", async (t) => {
  const issuer = await Issuer.open(t, [ec]);
  issuer.answer((response) => void response.socket?.destroy());
  const { admission, ask, read } = openDoor(t, issuer.url, { keys: () => [secret] });
  await read("away");
  assert.equal(admission.hasKeys, true);
  assert.equal(await ask(forged({ alg: "HS256" }, secret)), 1);
  assert.match(String(await ask(ec.sign({ id: 7 }))), /^KeysAway/);
});

test("[P7] a set of hundreds of keys: 32 of them are used, which is what one token costs at most", async (t) => {
  const issuer = await Issuer.open(t, []);
  const copies: JWK[] = Array.from({ length: 400 }, (_, at) => ({ ...ec.jwk, kid: String(at) }));
  issuer.publish(copies);
  const { read, counts } = openDoor(t, issuer.url);
  await read("ok");
  assert.equal(counts.keys, 32);
});

test("[keys] stopping ends a reading that hangs, and leaves no timer", async (t) => {
  const issuer = await Issuer.open(t, [ec]);
  issuer.answer(() => {});
  const { admission, clock, counts } = openDoor(t, issuer.url);
  await until(() => issuer.asked === 1);
  admission.stop();
  await until(() => clock.pending === 0);
  assert.deepEqual(
    [...counts.readings.counts.values()].reduce((sum, count) => sum + count, 0),
    0,
  );
});
