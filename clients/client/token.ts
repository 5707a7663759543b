/** How a client gets its token, and what it reads in it: who it is, and until when. Whether it is good only the server knows. */

/** How to get a token, each time one is needed; one that has not come after ten seconds has failed. */
export type GetToken = () => string | Promise<string>;

export interface TokenFacts {
  readonly user: bigint;
  /** Milliseconds since 1970, by the clock of who made it; undefined: it does not expire. */
  readonly expiresAtMs: number | undefined;
  /** How long it lasts from now on, by a clock here that may be wrong: where the token says when it was made, no longer than it lasts when it is fresh, and so long where it should be over. */
  readonly lifetimeMs: number | undefined;
}

const answerTimeoutMs = 10_000;

/** @throws what `getToken` throws, or that it does not answer. */
export async function askFor(getToken: GetToken): Promise<string> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("getToken does not answer")), answerTimeoutMs);
  try {
    return await Promise.race([getToken(), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

/** @throws {TypeError} when it is no JWT with a whole number `id`. */
export function readToken(token: string): TokenFacts {
  const { id, exp, iat } = payloadOf(token);
  if (!Number.isSafeInteger(id)) throw new TypeError("the token has no number `id`");
  const user = BigInt(id as number);
  if (typeof exp !== "number") return { user, expiresAtMs: undefined, lifetimeMs: undefined };
  const leftMs = exp * 1000 - Date.now();
  const freshMs = typeof iat === "number" ? (exp - iat) * 1000 : leftMs;
  return { user, expiresAtMs: exp * 1000, lifetimeMs: leftMs > 0 ? Math.min(leftMs, freshMs) : freshMs };
}

function payloadOf(token: string): { id?: unknown; exp?: unknown; iat?: unknown } {
  const payload = token.split(".")[1] ?? "";
  try {
    return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/"))) as { id?: unknown; exp?: unknown; iat?: unknown };
  } catch {
    throw new TypeError("the token is no JWT");
  }
}
