/**
 * Where a connection comes from. X-Forwarded-For counts only as far as proxies we trust
 * wrote it: read from the right, the first address that is no trusted proxy is the client.
 */
import type { IncomingMessage } from "node:http";
import { type BlockList, isIP, SocketAddress } from "node:net";
import { isLoopback } from "#runtime/host_name.ts";

/** Nobody has more proxies of his own in a row: of a longer chain the rest is not read. */
const hopsMax = 32;

/** What stands before an IPv4 address that is written as an IPv6 one, and before one that a translator has made of it (RFC 6052). */
const [mapped, translated] = ["::ffff:", "64:ff9b::"];

export interface ClientAddress {
  /** As everybody writes it: an IPv4 address whatever it arrived as, an IPv6 one in its shortest form. */
  readonly address: string;
  /** Loopback and trusted proxies themselves: limits of addresses do not count them. */
  readonly exempt: boolean;
}

export function clientAddress(request: Pick<IncomingMessage, "headers" | "socket">, trusted: BlockList): ClientAddress {
  const peer = canonical(request.socket.remoteAddress ?? "") ?? "";
  const forwarded = isTrusted(peer, trusted) ? forwardedFor(request).find((hop) => !isTrusted(hop, trusted)) : undefined;
  const address = forwarded ?? peer;
  return { address, exempt: forwarded === undefined && (isLoopback(peer) || isTrusted(peer, trusted)) };
}

/** Whom limits count: an IPv4 address, and of IPv6 the /64, in which one household has every address. */
export function networkOf(address: string): string {
  if (isIP(address) !== 6 || address.startsWith(translated)) return address;
  const [head = "", tail = ""] = address.split("::");
  const [first, last] = [head, tail].map((part) => part.split(":").filter((group) => group !== "")) as [string[], string[]];
  const zeros = Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => "0");
  return `${[...first, ...zeros, ...last].slice(0, 4).join(":")}::/64`;
}

/** The addresses of the header, from the right, up to the first that is none: what stands left of garbage is garbage. */
function forwardedFor({ headers }: Pick<IncomingMessage, "headers">): string[] {
  const written = String(headers["x-forwarded-for"] ?? "").split(",");
  const hops = written.map((hop) => hop.trim()).filter((hop) => hop !== "");
  const read = hops.slice(-hopsMax).reverse().map(withoutPort);
  const end = read.indexOf(undefined);
  return (end === -1 ? read : read.slice(0, end)) as string[];
}

/** Some proxies name the port, too: `203.0.113.7:4711`, `[2001:db8::7]:4711`. */
function withoutPort(hop: string): string | undefined {
  const [, bracketed, dotted] = /^\[([^\]]*)\](?::\d{1,5})?$|^([\d.]+):\d{1,5}$/.exec(hop) ?? [];
  return canonical(bracketed ?? dotted ?? hop);
}

/** Without a zone, which says something to its own machine only. Undefined: it is no address. */
function canonical(written: string): string | undefined {
  const text = written.replace(/%.*$/s, "");
  const family = isIP(text);
  if (family === 0) return undefined;
  if (family === 4) return text; // there is one way to write it
  const { address } = new SocketAddress({ address: text, family: "ipv6" });
  return address.startsWith(mapped) && isIP(address.slice(mapped.length)) === 4 ? address.slice(mapped.length) : address;
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const family = isIP(address);
  return family !== 0 && trusted.check(address, family === 4 ? "ipv4" : "ipv6");
}
