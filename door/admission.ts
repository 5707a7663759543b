/**
 * Who may come in: finds the one token of an upgrade request and turns it into an identity.
 * Identity comes from the token only, and the token's header never chooses how it is
 * checked: it picks among the keys that we have, and each of them is for one use. Secret keys
 * (`JWT_KEY`) are for HMAC alone, public ones (`JWKS_URL`) for one signature algorithm each, and
 * nothing that the header brings or points to (jwk, jku, x5c, x5u) is looked at.
 */
import { createSecretKey, type KeyObject } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { decodeProtectedHeader, errors, type JWTPayload, jwtVerify, type ProtectedHeaderParameters, UnsecuredJWT } from "jose";
import type { Clock } from "#runtime/clock.ts";
import { type Jwks, publicAlgorithms } from "./jwks.ts";
import { hasRepeatedClaim } from "./repeated_claim.ts";
import { isSecretAlgorithm, isSignedWith, type SecretAlgorithm } from "./secret_signature.ts";

/** Where browsers put the token: `Sec-WebSocket-Protocol: bearer, <token>`. */
export const bearerProtocol = "bearer";

/** Largest JSON of claims that is carried to games, in bytes. */
export const claimsBytesMax = 1024;

/** The header of a token without a signature: what judges its claims takes no other that is not to be checked as well. */
const unsigned = Buffer.from('{"alg":"none"}').toString("base64url");

/** So far ahead of ours an issuer's clock may be: `nbf` is the moment of issue with many of them. `exp` is taken as it is. */
const aheadSecondsMax = 5;

/** Claims that are about the token, not about the player. */
const tokenClaims: ReadonlySet<string> = new Set(["id", "exp", "nbf", "iat", "iss", "aud", "jti"]);

export interface Identity {
  /** The numeric claim `id`: a safe integer > 0. */
  readonly user: number;
  /** The token's other claims as JSON, "{}" when there are none. */
  readonly claims: string;
  /** Wall clock, milliseconds since 1970; undefined = never (development only). */
  readonly expiresAtMs: number | undefined;
}

/** A token that lets nobody in: HTTP 401 with `message` as the reason. It never shows the token. */
export class TokenRefused extends Error {
  override readonly name = "TokenRefused";
}

interface AdmissionOptions {
  /** Of the moment: tokens signed with any of them are good. The same array until they change. */
  keys(): readonly Uint8Array[];
  clock: Clock;
  /** Production: a token without `exp` is refused. */
  expiryRequired: boolean;
  /** Whose tokens are good, and for whom they must be: any of them. None, or left out: whoever, and for whomever. */
  issuers?: readonly string[];
  audiences?: readonly string[];
  /** Left out: tokens are signed with `keys` only. */
  jwks?: Jwks | undefined;
}

export class Admission {
  readonly #options: AdmissionOptions;
  #imported: { readonly of: readonly Uint8Array[]; readonly keys: readonly KeyObject[] } | undefined;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.jwks?.start();
  }

  stop(): void {
    this.#options.jwks?.stop();
  }

  /** Whether there is any key that a token could be checked with. */
  get hasKeys(): boolean {
    return this.#options.keys().length > 0 || (this.#options.jwks?.isReady ?? false);
  }

  /**
   * @throws {TokenRefused} with the reason.
   * @throws {KeysAway} when that cannot be said now.
   */
  async identify(token: string): Promise<Identity> {
    const payload = await this.#verify(token);
    const { id, exp } = payload;
    if (typeof id !== "number" || !Number.isSafeInteger(id) || id <= 0) throw new TokenRefused("token id is no safe positive integer");
    if (exp === undefined && this.#options.expiryRequired) throw new TokenRefused("token has no expiry");
    return { user: id, claims: playerClaims(payload), expiresAtMs: exp === undefined ? undefined : exp * 1000 };
  }

  async #verify(token: string): Promise<JWTPayload> {
    const { alg, kid, crit } = headerOf(token);
    if (typeof alg !== "string") throw new TokenRefused("token malformed");
    if (isSecretAlgorithm(alg)) return this.#verifySecret(token, alg, crit);
    let cause: unknown;
    for (const key of await this.#candidates(alg, kid)) {
      try {
        return await this.#verifyPublic(key, alg, token);
      } catch (thrown) {
        cause = thrown;
        if (!(thrown instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw new TokenRefused(cause === undefined ? "token key unknown" : reasonOf(cause), { cause });
  }

  /** `crit`: what must be understood, of which we understand nothing (RFC 7515 §4.1.11). */
  #verifySecret(token: string, alg: SecretAlgorithm, crit: unknown): JWTPayload {
    const keys = this.#secretKeys();
    const parts = token.split(".");
    if (crit !== undefined || parts.length !== 3) throw new TokenRefused("token malformed");
    if (!keys.some((key) => isSignedWith(key, alg, token))) throw new TokenRefused("token signature wrong");
    try {
      const rules = this.#rules();
      return judged(UnsecuredJWT.decode(`${unsigned}.${parts[1]}.`, rules).payload, token, rules.currentDate);
    } catch (cause) {
      throw new TokenRefused(reasonOf(cause), { cause });
    }
  }

  /** The public keys that are for this algorithm and have that name. */
  async #candidates(alg: string, kid: unknown): Promise<CryptoKey[]> {
    const { jwks } = this.#options;
    const algorithm = publicAlgorithms.find((name) => name === alg);
    if (algorithm === undefined || jwks === undefined) throw new TokenRefused("token algorithm not allowed");
    if (kid !== undefined && typeof kid !== "string") throw new TokenRefused("token malformed");
    return jwks.candidates(algorithm, kid);
  }

  #secretKeys(): readonly KeyObject[] {
    const of = this.#options.keys();
    if (of.length === 0) throw new TokenRefused("token algorithm not allowed");
    if (this.#imported?.of !== of) this.#imported = { of, keys: of.map((key) => createSecretKey(key)) };
    return this.#imported.keys;
  }

  async #verifyPublic(key: CryptoKey, alg: string, token: string): Promise<JWTPayload> {
    const rules = this.#rules();
    const { payload } = await jwtVerify(token, key, { ...rules, algorithms: [alg] });
    return judged(payload, token, rules.currentDate);
  }

  /** What the library holds claims against, as of now. */
  #rules() {
    const { clock, issuers = [], audiences = [] } = this.#options;
    return {
      ...{ currentDate: new Date(clock.wall()), clockTolerance: aheadSecondsMax },
      ...(issuers.length === 0 ? {} : { issuer: [...issuers] }),
      ...(audiences.length === 0 ? {} : { audience: [...audiences] }),
    };
  }
}

/** Claims that the library has found good, if we do, too. @throws {TokenRefused} */
function judged(payload: JWTPayload, token: string, now: Date): JWTPayload {
  if (payload.exp !== undefined && payload.exp * 1000 <= now.getTime()) throw new TokenRefused("token expired");
  if (hasRepeatedClaim(payloadTextOf(token))) throw new TokenRefused("token has a claim twice");
  return payload;
}

function headerOf(token: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader(token);
  } catch (cause) {
    throw new TokenRefused("token malformed", { cause });
  }
}

function payloadTextOf(token: string): string {
  return Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8");
}

/**
 * The request's token and how it came.
 * @throws {TokenRefused} when there is none or more than one.
 */
export function tokenOf(request: IncomingMessage, query: URLSearchParams): string {
  const tokens = [...query.getAll("token"), ...bearerHeaders(request), ...bearerProtocols(request)];
  const [token] = tokens;
  if (token === undefined || token === "") throw new TokenRefused("token missing");
  if (tokens.length > 1) throw new TokenRefused("several tokens");
  return token;
}

function bearerHeaders(request: IncomingMessage): string[] {
  const headers = request.headersDistinct["authorization"] ?? [];
  return headers.flatMap((header) => /^Bearer +(\S+) *$/i.exec(header)?.[1] ?? []);
}

function bearerProtocols(request: IncomingMessage): string[] {
  const offered = (request.headers["sec-websocket-protocol"] ?? "").split(",").map((protocol) => protocol.trim());
  return offered.flatMap((protocol, at) => (protocol === bearerProtocol ? [offered[at + 1] ?? ""] : []));
}

function playerClaims(payload: JWTPayload): string {
  const claims = JSON.stringify(Object.fromEntries(Object.entries(payload).filter(([name]) => !tokenClaims.has(name))));
  if (Buffer.byteLength(claims) > claimsBytesMax) throw new TokenRefused(`token claims are larger than ${claimsBytesMax} bytes`);
  return claims;
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof TokenRefused) return thrown.message;
  if (thrown instanceof errors.JWTExpired) return "token expired";
  if (thrown instanceof errors.JWTClaimValidationFailed)
    return thrown.claim === "nbf" ? "token not yet valid" : `token claim ${thrown.claim} is wrong`;
  if (thrown instanceof errors.JOSEAlgNotAllowed) return "token algorithm not allowed";
  if (thrown instanceof errors.JWSSignatureVerificationFailed) return "token signature wrong";
  return "token malformed";
}
