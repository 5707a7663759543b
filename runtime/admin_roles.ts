/**
 * Who may ask the admin listener what. The token says the role: `operate` may do all of it,
 * `read` only what changes nothing. Where no token is set a listener bound to loopback takes
 * whoever reaches it for an operator, but for web pages: a browser on this machine reaches it,
 * too, on behalf of any page it shows.
 */
import { createHash, timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

export type Role = "read" | "operate";

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

/** The role of a request to a listener bound to `host`, or why it has none. */
export function roleOf(request: Pick<IncomingMessage, "headers" | "method">, tokens: AdminTokens, host: string): Role | RoleRefused {
  if (tokens.read === undefined && tokens.operate === undefined) return roleWithoutTokens(request, host);
  const role = roleByToken(request.headers.authorization ?? "", tokens);
  if (role === undefined) return { statusCode: 401, message: "the admin token is missing or wrong", role: "none" };
  const mayAsk = role === "operate" || readingMethods.has(request.method ?? "");
  return mayAsk ? role : { statusCode: 403, message: "this token may only read", role };
}

function roleWithoutTokens({ headers }: Pick<IncomingMessage, "headers">, host: string): Role | RoleRefused {
  if (!isLoopback(host)) return { statusCode: 403, message: "ADMIN_TOKEN is not set", role: "none" };
  const isOfPage = headers.origin !== undefined || !isLoopback(hostNameOf(headers.host ?? ""));
  return isOfPage ? { statusCode: 403, message: "ADMIN_TOKEN is not set, and this is a web page's request", role: "none" } : "operate";
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

/** The name in a Host header; an empty one is no page's. */
function hostNameOf(host: string): string {
  return host === "" ? "localhost" : (URL.parse(`http://${host}`)?.hostname ?? "").replace(/^\[|\]$/g, "");
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
