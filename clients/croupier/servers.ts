/** `croupier servers` and `rooms abandon`: the game servers that a gate knows, and one that is gone for good. */
import type { AbandonedView, ServersView } from "#gate_server/server_routes.ts";
import type { ServerView } from "#gate_server/server_view.ts";
import { type AdminClient, patienceMs } from "./admin.ts";
import { print } from "./say.ts";

/** `servers ls` */
export async function listServers(admin: AdminClient, { json }: { json: boolean }): Promise<void> {
  const { servers } = await admin.ask<ServersView>("GET", "/servers");
  for (const server of servers) print(json ? JSON.stringify(server) : lineOf(server));
}

/** `rooms abandon` */
export async function abandon(admin: AdminClient, journal: string): Promise<void> {
  const { lives } = await admin.ask<AbandonedView>("POST", `/servers/${encodeURIComponent(journal)}/abandon`, patienceMs);
  print(`${lives} rooms of ${journal} may be opened anew`);
}

function lineOf({ address, journal = "unknown", release, isLinked, isOffered, rooms }: ServerView): string {
  const about = `${address} journal ${journal}${release === undefined ? "" : ` release ${release}`}`;
  if (!isLinked) return `${about}, not linked`;
  return `${about}, ${rooms} rooms, ${isOffered ? "takes new ones" : "takes no new ones"}`;
}
