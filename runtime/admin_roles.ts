/**
 * Who may ask the admin listener what. The token says the role: `operate` may do all of it,
 * `read` only what changes nothing. Where no token is set a listener bound to loopback takes
 * whoever reaches it for an operator, but for web pages: a browser on this machine reaches it,
 * too, on behalf of any page it shows. The listener's own page may ask, and pages of
 * `ADMIN_ORIGINS`; a name that only leads to this machine (DNS rebinding) is no name of it.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { hostNameOf, isLoopback } from "./host_name.ts";
import type { Role } from "./process_views.ts";

/** The tokens of the moment; undefined: there is none for this role. */
export type AdminTokens = Readonly<Record<Role, string | undefined>>;

/** A request that is refused, whoever asks. */
export interface RoleRefused {
  readonly statusCode: 401 | 403;
  readonly message: string;
  /** Of whoever asked: a token that may only read is known. */
  readonly role: Role | "none";
}

/** Methods that change nothing. */
export const readingMethods: ReadonlySet<string> = new Set(["GET", "HEAD"]);

/** Who is let in, and from where. */
export interface Entrance {
  readonly tokens: AdminTokens;
  /** What the listener is bound to. */
  readonly host: string;
  /** Of pages that may ask, beside those of the listener's own. */
  readonly origins: readonly string[];
}

/** As much of a request as says who asks. */
export type Asking = Pick<IncomingMessage, "headers" | "method">;

/** The role of whoever asks, or why there is none. */
export function roleOf(request: Asking, { tokens, host, origins }: Entrance): Role | RoleRefused {
  if (tokens.read === undefined && tokens.operate === undefined) return reachOf(request, { host, origins }) ?? "operate";
  const role = roleByToken(request.headers.authorization ?? "", tokens);
  if (role === undefined) return { statusCode: 401, message: "the admin token is missing or wrong", role: "none" };
  const mayAsk = role === "operate" || readingMethods.has(request.method ?? "");
  return mayAsk ? role : { statusCode: 403, message: "this token may only read", role };
}

/** Why nobody is shown so much as the page that asks for a token; undefined: whoever reaches this listener is. */
export function pageRefusalOf(request: Asking, { tokens, host, origins }: Entrance): RoleRefused | undefined {
  return tokens.read === undefined && tokens.operate === undefined ? reachOf(request, { host, origins }) : undefined;
}

/** Without tokens: undefined for whoever reaches this machine himself, or by a page of ours. */
function reachOf({ headers }: Asking, { host, origins }: Pick<Entrance, "host" | "origins">): RoleRefused | undefined {
  if (!isLoopback(host)) return { statusCode: 403, message: "ADMIN_TOKEN is not set", role: "none" };
  const isOfPage = !isLoopback(hostNameOf(headers.host ?? "")) || !isOwnOrigin(headers, origins);
  return isOfPage ? { statusCode: 403, message: "ADMIN_TOKEN is not set, and this is a web page's request", role: "none" } : undefined;
}

/** No page at all, our own, or one that is let in by name: a page of another port here is not. */
function isOwnOrigin({ origin, host, ...headers }: Asking["headers"], origins: readonly string[]): boolean {
  if (origin !== undefined) return origin === `http://${host}` || origins.includes(origin);
  const site = headers["sec-fetch-site"] ?? "none"; // a page of anybody's asks without an origin where it may not read the answer
  return site === "none" || site === "same-origin" || headers["sec-fetch-mode"] === "navigate";
}

/** Both are compared, whatever the first says: how long it takes tells nothing. */
function roleByToken(authorization: string, tokens: AdminTokens): Role | undefined {
  const [, given = ""] = /^Bearer +(\S.*)$/i.exec(authorization) ?? [];
  const mayOperate = isSame(given, tokens.operate);
  const mayRead = isSame(given, tokens.read);
  if (mayOperate) return "operate";
  return mayRead ? "read" : undefined;
}

/** Of digests, which have one length. */
function isSame(given: string, token: string | undefined): boolean {
  return timingSafeEqual(digest(given), digest(token ?? "")) && token !== undefined;
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
