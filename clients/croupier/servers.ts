/** `croupier servers` and `rooms abandon`: the game servers that a gate knows, and one that is gone for good. */
import { type AbandonedView, isLeaving, type ServersView, type ServerView } from "#protocol/admin_views.ts";
import { type AdminClient, patienceMs } from "./admin.ts";
import type { Admins } from "./admins.ts";
import type { Given } from "./command.ts";
import { confirm } from "./confirm.ts";
import type { FlagValues } from "./flags.ts";
import { list } from "./listing.ts";
import { roomsIn } from "./rooms_and_users.ts";
import { print } from "./say.ts";
import type { Columns } from "./table.ts";
import { counted } from "./words.ts";

const columns: Columns<ServerView> = [
  ["ADDRESS", ({ address }) => address],
  ["JOURNAL", ({ journal }) => journal],
  ["RELEASE", ({ release }) => release],
  ["MACHINE", ({ machine }) => machine],
  ["STATE", stateOf],
  ["DRAIN", ({ drain }) => drain],
  ["ROOMS", ({ isLinked, rooms }) => (isLinked ? rooms : undefined)],
  ["USERS", ({ isLinked, users }) => (isLinked ? users : undefined)],
  ["UNREADABLE", ({ unreadable }) => unreadable && roomsIn(unreadable)],
];

/** What a gate answers, with nothing where one of an older release says nothing. */
export async function askServers(admin: AdminClient): Promise<ServersView & { readonly isOlder: boolean }> {
  const { servers, held } = await admin.ask<{ servers: ServersView["servers"]; held?: number }>("GET", "/servers");
  return { servers: servers.map((server) => ({ ...server, users: server.users ?? 0 })), held: held ?? 0, isOlder: held === undefined };
}

/** `servers ls` */
export async function listServers(admins: Admins, flags: FlagValues): Promise<void> {
  await list(admins, columns, flags, async (admin) => (await askServers(admin)).servers);
}

/** `rooms abandon` */
export async function abandon(admin: AdminClient, { operand: journal, flags }: Given): Promise<void> {
  await confirm(`take every room from ${journal}, which must never come back`, flags);
  const path = `/servers/${encodeURIComponent(journal)}/abandon`;
  const abandoned = await admin.ask<AbandonedView>("POST", path, { timeoutMs: patienceMs });
  print(flags.json ? JSON.stringify(abandoned) : `${counted(abandoned.lives, "room")} of ${journal} may be opened anew`);
}

/** One word: closed is one that serves and takes no new rooms. */
function stateOf(server: ServerView): string {
  if (!server.isLinked) return "unlinked";
  if (isLeaving(server)) return server.stage ?? "leaving";
  return server.isOffered ? "serving" : "closed";
}
