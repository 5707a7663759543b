/** `croupier journal status`: what running game servers know of their journals. */
import type { JournalView } from "#protocol/admin_views.ts";
import type { Admins } from "./admins.ts";
import type { FlagValues } from "./flags.ts";
import { list } from "./listing.ts";
import type { Columns } from "./table.ts";

const columns: Columns<JournalView> = [
  ["JOURNAL", ({ id }) => id],
  ["BOOT", ({ boot }) => boot],
  ["RELEASE", ({ release }) => release],
  ["SYNC", ({ isDurable, sync }) => (isDurable ? sync : "memory")],
  ["STATE", ({ isStalled }) => (isStalled ? "stalled" : "writes")],
  ["ROOMS", ({ rooms }) => rooms],
  ["OUTGOING", ({ outgoing }) => outgoing],
  ["INCOMING", ({ incoming }) => incoming],
  ["OVER", ({ over }) => over],
  ["UNREADABLE", ({ unreadable }) => unreadable],
  ["MOVED", ({ moved }) => moved],
  ["LOST", ({ lost }) => lost.rooms],
  ["BYTES", ({ bytes }) => bytes],
];

export async function showJournals(admins: Admins, flags: FlagValues): Promise<void> {
  await list(admins, columns, flags, async (admin) => [await admin.ask<JournalView>("GET", "/journal")]);
}
