/** Names of machines as requests say them: which of them can only mean this one. */
import { isIP } from "node:net";

/** The name in a Host header; an empty one is no page's. */
export function hostNameOf(host: string): string {
  return host === "" ? "localhost" : (URL.parse(`http://${host}`)?.hostname ?? "").replace(/^\[|\]$/g, "");
}

export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
