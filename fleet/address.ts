/** Where gates shall dial a game server that shows itself in the fleet. */
import { isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { everyAddress } from "#runtime/every_address.ts";
import type { Settings } from "#runtime/settings.ts";

/**
 * `host:port`: what `ADVERTISE` says, else the address `HOST` binds, else this machine's first
 * address that is not its own loopback. An address, not a name: a pod's name is gone before its rooms are.
 */
export function addressOf({ advertise, host }: Pick<Settings, "advertise" | "host">, port: number): string {
  if (advertise !== undefined) return `${advertise.host}:${advertise.port ?? port}`;
  const address = everyAddress.has(host) ? ownAddress() : host;
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

function ownAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const dialled = all.filter(({ internal, address }) => !internal && !address.startsWith("fe80:"));
  const chosen = dialled.find(({ family }) => family === "IPv4") ?? dialled[0];
  return chosen?.address ?? "127.0.0.1";
}
