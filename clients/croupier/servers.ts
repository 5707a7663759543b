/** `croupier servers` and `rooms abandon`: the game servers that a gate knows, and one that is gone for good. */
import type { AbandonedView, ServersView } from "#gate_server/server_routes.ts";
import { isLeaving, type ServerView } from "#gate_server/server_view.ts";
import { type AdminClient, patienceMs } from "./admin.ts";
import { roomsIn } from "./rooms_and_users.ts";
import { counted, print } from "./say.ts";

/** What a gate answers, with nothing where one of an older release says nothing. */
export async function askServers(admin: AdminClient): Promise<ServersView & { readonly isOlder: boolean }> {
  const { servers, held } = await admin.ask<{ servers: ServersView["servers"]; held?: number }>("GET", "/servers");
  return { servers: servers.map((server) => ({ ...server, users: server.users ?? 0 })), held: held ?? 0, isOlder: held === undefined };
}

/** `servers ls` */
export async function listServers(admin: AdminClient, { json }: { json: boolean }): Promise<void> {
  const { servers } = await askServers(admin);
  for (const server of servers) print(json ? JSON.stringify(server) : lineOf(server));
}

/** `rooms abandon` */
export async function abandon(admin: AdminClient, journal: string): Promise<void> {
  const { lives } = await admin.ask<AbandonedView>("POST", `/servers/${encodeURIComponent(journal)}/abandon`, { timeoutMs: patienceMs });
  print(`${lives} rooms of ${journal} may be opened anew`);
}

function lineOf(server: ServerView): string {
  const { address, machine, journal = "unknown", release, isLinked, isOffered, stage, drain, rooms, users, unreadable } = server;
  const about = `${address} journal ${journal}${after(" release ", release)}${after(" on ", machine)}`;
  if (!isLinked) return `${about}, not linked`;
  const waiting = roomsIn(unreadable ?? []);
  return [
    `${about}, ${counted(rooms, "room")}, ${counted(users, "user")}`,
    ...(waiting === 0 ? [] : [`${counted(waiting, "room")} that it cannot read`]),
    isLeaving(server) ? `${stage} (${drain})` : takes(isOffered),
  ].join(", ");
}

function takes(isOffered: boolean): string {
  return isOffered ? "takes new ones" : "takes no new ones";
}

function after(word: string, value: string | undefined): string {
  return value === undefined ? "" : `${word}${value}`;
}
