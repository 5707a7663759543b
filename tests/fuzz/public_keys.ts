/**
 * Pairs of keys for fuzzers of tokens: one for each algorithm that is named after it, published on loopback for as long as the
 * process has anything else to do, and as many that nobody has published.
 */
import { generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Jwks } from "#door/jwks.ts";
import { KeyCounts } from "#door/key_counts.ts";
import type { Clock } from "#runtime/clock.ts";
import { silentLog } from "#runtime/log.ts";
import { until } from "#tests/support/until.ts";

interface Pair {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

type Pairs = Readonly<Record<string, Pair>>;

function pairs(): Pairs {
  return {
    RS256: generateKeyPairSync("rsa", { modulusLength: 2048 }),
    ES256: generateKeyPairSync("ec", { namedCurve: "P-256" }),
    EdDSA: generateKeyPairSync("ed25519"),
  };
}

const [published, strange] = [pairs(), pairs()];

/** What a thief might take for secrets of HMAC. */
export const publicTexts = Object.values(published).map(
  ({ publicKey }) => new Uint8Array(Buffer.from(publicKey.export({ type: "spki", format: "pem" }))),
);

export function isPublicAlgorithm(algorithm: unknown): algorithm is string {
  return typeof algorithm === "string" && Object.hasOwn(published, algorithm);
}

/** By the key that is published, or by one that is not. */
export function signPublicly(text: string, algorithm: string, isPublished: boolean): string {
  const { privateKey: key } = (isPublished ? published : strange)[algorithm] as Pair;
  return sign(algorithm === "EdDSA" ? null : "sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }).toString("base64url");
}

/** By the key that is published, which is named after its algorithm. */
export function isSignedPublicly(text: string, signature: Buffer, { alg, kid }: { alg: string; kid?: unknown }): boolean {
  const { publicKey: key } = published[alg] as Pair;
  const isNamed = kid === undefined || kid === alg;
  return isNamed && verify(alg === "EdDSA" ? null : "sha256", Buffer.from(text), { key, dsaEncoding: "ieee-p1363" }, signature);
}

/** The published ones, read. */
export async function readJwks(clock: Clock): Promise<Jwks> {
  const keys = Object.entries(published).map(([kid, { publicKey }]) => ({ ...publicKey.export({ format: "jwk" }), kid }));
  const server = createServer((_request, response) => response.setHeader("Connection", "close").end(JSON.stringify({ keys })));
  server.listen(0, "127.0.0.1").unref();
  await once(server, "listening");
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const jwks = new Jwks({ url, clock, log: silentLog, counts: new KeyCounts() });
  jwks.start();
  await until(() => jwks.isReady);
  return jwks;
}
