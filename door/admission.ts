/**
 * Who may come in: finds the one token of an upgrade request and turns it into an identity.
 * Identity comes from the token only, and the token's header never chooses how it is
 * checked: three HMAC algorithms are on a list, each with a key imported once.
 */
import type { IncomingMessage } from "node:http";
import { errors, type JWTHeaderParameters, type JWTPayload, jwtVerify } from "jose";
import type { Clock } from "#runtime/clock.ts";

/** Where browsers put the token: `Sec-WebSocket-Protocol: bearer, <token>`. */
export const bearerProtocol = "bearer";

/** Largest JSON of claims that is carried to games, in bytes. */
export const claimsBytesMax = 1024;

const algorithms = { HS256: "SHA-256", HS384: "SHA-384", HS512: "SHA-512" } as const;
type Algorithm = keyof typeof algorithms;

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
  /** Tokens signed with any of them are good. */
  keys: readonly Uint8Array[];
  clock: Clock;
  /** Production: a token without `exp` is refused. */
  expiryRequired: boolean;
}

export class Admission {
  readonly #options: AdmissionOptions;
  readonly #keys: Promise<Record<Algorithm, CryptoKey>[]>;

  constructor(options: AdmissionOptions) {
    this.#options = options;
    this.#keys = Promise.all(options.keys.map(importKeys));
  }

  /** @throws {TokenRefused} with the reason. */
  async identify(token: string): Promise<Identity> {
    const payload = await this.#verify(token);
    const { id, exp } = payload;
    if (typeof id !== "number" || !Number.isSafeInteger(id) || id <= 0) throw new TokenRefused("token id is no safe positive integer");
    if (exp === undefined && this.#options.expiryRequired) throw new TokenRefused("token has no expiry");
    return { user: id, claims: playerClaims(payload), expiresAtMs: exp === undefined ? undefined : exp * 1000 };
  }

  async #verify(token: string): Promise<JWTPayload> {
    let cause: unknown;
    for (const keys of await this.#keys) {
      try {
        return await this.#verifyWith(keys, token);
      } catch (thrown) {
        cause = thrown;
        if (!(thrown instanceof errors.JWSSignatureVerificationFailed)) break;
      }
    }
    throw new TokenRefused(reasonOf(cause), { cause });
  }

  async #verifyWith(keys: Record<Algorithm, CryptoKey>, token: string): Promise<JWTPayload> {
    const currentDate = new Date(this.#options.clock.wall());
    const { payload } = await jwtVerify(token, ({ alg }: JWTHeaderParameters) => keys[alg as Algorithm], {
      algorithms: Object.keys(algorithms),
      currentDate,
    });
    return payload;
  }
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

async function importKeys(key: Uint8Array): Promise<Record<Algorithm, CryptoKey>> {
  const imported = Object.entries(algorithms).map(async ([name, hash]) => {
    const bytes = new Uint8Array(key);
    return [name, await crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash }, false, ["verify"])] as const;
  });
  return Object.fromEntries(await Promise.all(imported)) as Record<Algorithm, CryptoKey>;
}

function playerClaims(payload: JWTPayload): string {
  const claims = JSON.stringify(Object.fromEntries(Object.entries(payload).filter(([name]) => !tokenClaims.has(name))));
  if (Buffer.byteLength(claims) > claimsBytesMax) throw new TokenRefused(`token claims are larger than ${claimsBytesMax} bytes`);
  return claims;
}

function reasonOf(thrown: unknown): string {
  if (thrown instanceof errors.JWTExpired) return "token expired";
  if (thrown instanceof errors.JWTClaimValidationFailed)
    return thrown.claim === "nbf" ? "token not yet valid" : `token claim ${thrown.claim} is wrong`;
  if (thrown instanceof errors.JOSEAlgNotAllowed) return "token algorithm not allowed";
  if (thrown instanceof errors.JWSSignatureVerificationFailed) return "token signature wrong";
  return "token malformed";
}
