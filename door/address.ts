/**
 * Where a connection comes from. X-Forwarded-For counts only as far as proxies we trust
 * wrote it: read from the right, the first address that is no trusted proxy is the client.
 */
import type { IncomingMessage } from "node:http";
import { type BlockList, isIP } from "node:net";

export interface ClientAddress {
  readonly address: string;
  /** Loopback and trusted proxies themselves: the per-address limit does not count them. */
  readonly exempt: boolean;
}

export function clientAddress(request: IncomingMessage, trusted: BlockList): ClientAddress {
  const hops = [...forwardedFor(request), plain(request.socket.remoteAddress ?? "")].reverse();
  const address = hops.find((hop) => !isTrusted(hop, trusted)) ?? hops[0] ?? "";
  return { address, exempt: isLoopback(address) || isTrusted(address, trusted) };
}

/** The header's addresses, up to the last one that is none: what stands left of garbage is garbage. */
function forwardedFor(request: IncomingMessage): string[] {
  const header = request.headers["x-forwarded-for"];
  const hops = (Array.isArray(header) ? header.join(",") : (header ?? "")).split(",").map((hop) => plain(hop.trim()));
  return hops.slice(hops.findLastIndex((hop) => isIP(hop) === 0) + 1);
}

/** IPv4 that arrived on an IPv6 socket is IPv4. */
function plain(address: string): string {
  return address.startsWith("::ffff:") && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}

function isTrusted(address: string, trusted: BlockList): boolean {
  const family = isIP(address);
  return family !== 0 && trusted.check(address, family === 4 ? "ipv4" : "ipv6");
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}
