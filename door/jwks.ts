/**
 * The public keys of whoever signs tokens, from `JWKS_URL`: read at the start, again every
 * five minutes, and when a token names a key that is not there, at most every 30 s. Tokens of
 * keys that are known never wait for the URL; when it is away, or answers nonsense, the keys
 * that were read last stay in use (P8).
 *
 * What a key is for follows from the key, never from a token: RSA is RS256, P-256 is ES256,
 * Ed25519 is EdDSA. Whatever else is in the set is not used, secret and private keys least of all.
 */
import { importJWK, type JWK } from "jose";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { Log } from "#runtime/log.ts";
import { fetchJson } from "./fetch_json.ts";
import type { KeyCounts, Outcome } from "./key_counts.ts";

/** How long a key that was withdrawn is still accepted. */
const readEveryMs = 300_000;
/** After a failure; and for tokens whose key is unknown, however many there are. */
const readAgainMs = 30_000;
/** Nobody can be let in. */
const readFirstMs = 5000;
/** Tokens that wait for one answer of the URL; more are told to come back. */
const waitersMax = 1000;
/** An issuer has some: the current one, the next and the last. */
const keysMax = 32;
const rsaBitsMin = 2048;
const rsaBitsMax = 8192;

export const publicAlgorithms = ["RS256", "ES256", "EdDSA"] as const;
export type PublicAlgorithm = (typeof publicAlgorithms)[number];

/** There is no telling yet whether a token is good: the keys could not be read. HTTP 503. */
export class KeysAway extends Error {
  override readonly name = "KeysAway";
}

interface PublicKey {
  readonly kid: string | undefined;
  readonly algorithm: PublicAlgorithm;
  readonly key: CryptoKey;
}

export interface JwksOptions {
  readonly url: URL;
  readonly clock: Clock;
  readonly log: Log;
  readonly counts: KeyCounts;
}

export class Jwks {
  readonly #options: JwksOptions;
  #keys: readonly PublicKey[] = [];
  /** How the last reading ended; undefined: there was none. */
  #last: Outcome | undefined;
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;
  #waiters = 0;
  #timer: Timer | undefined;
  readonly #stop = new AbortController();

  constructor(options: JwksOptions) {
    this.#options = options;
  }

  /** Begins to read; nobody waits for it. */
  start(): void {
    void this.#read();
  }

  stop(): void {
    this.#stop.abort();
    this.#timer?.cancel();
  }

  /** Whether there are keys to check tokens with. */
  get isReady(): boolean {
    return this.#keys.length > 0;
  }

  /**
   * The keys that may have signed a token with this algorithm and `kid`: none, when nobody knows such a key.
   * @throws {KeysAway} when none is known and that may be because the URL is away.
   */
  async candidates(algorithm: PublicAlgorithm, kid: string | undefined): Promise<CryptoKey[]> {
    const known = this.#find(algorithm, kid);
    if (known.length > 0) return known;
    await this.#readForUnknown();
    const found = this.#find(algorithm, kid);
    if (found.length === 0 && this.#last !== "ok") throw new KeysAway("the keys of tokens cannot be read");
    return found;
  }

  #find(algorithm: PublicAlgorithm, kid: string | undefined): CryptoKey[] {
    const found = this.#keys.filter((key) => key.algorithm === algorithm && (kid === undefined || key.kid === kid));
    return found.map(({ key }) => key);
  }

  async #readForUnknown(): Promise<void> {
    const isDue = this.#options.clock.now() - this.#readAtMs >= readAgainMs;
    if (this.#reading === undefined && !isDue) return;
    if (this.#waiters >= waitersMax) throw new KeysAway("too many tokens wait for their keys");
    this.#waiters += 1;
    await this.#read().finally(() => {
      this.#waiters -= 1;
    });
  }

  /** One reading at a time. */
  #read(): Promise<void> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined;
      this.#schedule();
    });
    return this.#reading;
  }

  #schedule(): void {
    this.#timer?.cancel();
    if (this.#stop.signal.aborted) return;
    const failedMs = this.isReady ? readAgainMs : readFirstMs;
    this.#timer = this.#options.clock.after(this.#last === "ok" ? readEveryMs : failedMs, () => void this.#read());
  }

  async #readOnce(): Promise<void> {
    const { url, clock, counts } = this.#options;
    this.#readAtMs = clock.now();
    const fetched = await fetchJson(url, clock, this.#stop.signal);
    if (this.#stop.signal.aborted) return;
    const keys = fetched.is === "ok" ? await usableKeys(fetched.json) : [];
    const outcome: Outcome = fetched.is === "ok" && keys.length === 0 ? "no keys" : fetched.is;
    counts.readings.add(outcome);
    if (outcome === "ok") this.#take(keys);
    else this.#fail(outcome, fetched.is === "ok" ? "there is no key in it that could be used" : fetched.why);
    this.#last = outcome;
  }

  #take(keys: readonly PublicKey[]): void {
    const { clock, counts, log } = this.#options;
    const isNews = this.#last !== "ok" || namesOf(keys) !== namesOf(this.#keys);
    this.#keys = keys;
    counts.keys = keys.length;
    counts.readAtMs = clock.wall();
    if (isNews) log.info("keys read", { "event.reason": `${keys.length} in use` });
  }

  /** Said once, until it is another failure. */
  #fail(outcome: Outcome, why: string): void {
    if (this.#last !== outcome) this.#options.log.warn("keys failure", { "event.reason": `JWKS_URL: ${why}` });
  }
}

function namesOf(keys: readonly PublicKey[]): string {
  return JSON.stringify(keys.map(({ algorithm, kid }) => [algorithm, kid ?? null]));
}

async function usableKeys(json: unknown): Promise<PublicKey[]> {
  const { keys } = (typeof json === "object" && json !== null ? json : {}) as { keys?: unknown };
  if (!Array.isArray(keys)) return [];
  const read = await Promise.all(keys.slice(0, keysMax).map((jwk: unknown) => readKey(jwk)));
  return read.filter((key) => key !== undefined);
}

/** Undefined: it is none that may be used. */
async function readKey(value: unknown): Promise<PublicKey | undefined> {
  if (typeof value !== "object" || value === null) return undefined;
  const jwk = value as JWK;
  const algorithm = algorithmOf(jwk);
  if (algorithm === undefined || !isForTokens(jwk, algorithm)) return undefined;
  const key = await importJWK(jwk, algorithm).catch(() => undefined);
  if (!(key instanceof CryptoKey) || key.type !== "public" || !isOfGoodSize(key)) return undefined;
  return { key, algorithm, kid: jwk.kid };
}

function algorithmOf({ kty, crv }: JWK): PublicAlgorithm | undefined {
  if (kty === "RSA") return "RS256";
  if (kty === "EC" && crv === "P-256") return "ES256";
  return kty === "OKP" && crv === "Ed25519" ? "EdDSA" : undefined;
}

/** A key may say that it is for something else. */
function isForTokens({ alg, use, key_ops: operations, kid }: JWK, algorithm: PublicAlgorithm): boolean {
  const isNamed = kid === undefined || typeof kid === "string";
  const isAlgorithm = alg === undefined || alg === algorithm || (alg === "Ed25519" && algorithm === "EdDSA");
  return isNamed && isAlgorithm && (use === undefined || use === "sig") && mayVerify(operations);
}

function mayVerify(operations: unknown): boolean {
  return operations === undefined || (Array.isArray(operations) && operations.includes("verify"));
}

function isOfGoodSize({ algorithm }: CryptoKey): boolean {
  const { modulusLength } = algorithm as { modulusLength?: number };
  return modulusLength === undefined || (modulusLength >= rsaBitsMin && modulusLength <= rsaBitsMax);
}
