/** `croupier sessions` and `croupier users`: who is connected to gates, what they are told, and who is sent away. */
import type { KickedSessionView, SessionsPageView, SessionView, UserSessionsView } from "#protocol/admin_views.ts";
import type { AdminClient } from "./admin.ts";
import type { Admins } from "./admins.ts";
import type { Given } from "./command.ts";
import { confirm } from "./confirm.ts";
import type { FlagValues } from "./flags.ts";
import { list, readPages } from "./listing.ts";
import { print } from "./say.ts";
import type { Columns } from "./table.ts";
import { counted, Trouble } from "./words.ts";

const columns: Columns<SessionView> = [
  ["SESSION", ({ id }) => id],
  ["USER", ({ user }) => user],
  ["STAGE", ({ stage }) => stage],
  ["ADDRESS", ({ address }) => address],
  ["OPENED", ({ openedAt }) => openedAt],
  ["ROOM", ({ game, room }) => game && `${game}/${room}`],
  ["LIFE", ({ life }) => life],
  ["UNACKNOWLEDGED", ({ unacknowledged }) => unacknowledged],
];

/** `sessions ls` */
export async function listSessions(admins: Admins, flags: FlagValues): Promise<void> {
  await list(admins, columns, flags, (admin) => readSessions(admin, flags));
}

/** `sessions kick` */
export async function kickSession(admins: Admins, { operand: id, flags }: Given): Promise<void> {
  const path = `/sessions/${encodeURIComponent(id)}`;
  const { admin, answer } = await admins.first((each) => each.ask<SessionView>("GET", path));
  const { user, game, room } = answer;
  await confirm(`close session ${id} of user ${user}${game === undefined ? "" : ` in ${game}/${room}`}`, flags);
  const kicked = await admin.ask<KickedSessionView>("POST", `${path}/kick`);
  print(flags.json ? JSON.stringify(kicked) : `session ${kicked.id} of user ${user} is closed`);
}

/** `users kick`: at every gate that is asked. */
export async function kickUser(admins: Admins, { operand: user, flags }: Given): Promise<void> {
  const open = await admins.every((admin) => readSessions(admin, { user }));
  const count = open.reduce((sum, { answer }) => sum + answer.length, 0);
  if (count === 0) throw new Trouble(`user ${user} has no session.`);
  await confirm(`close ${counted(count, "session")} of user ${user}`, flags);
  const sessions = await atEveryGate(admins, `/users/${encodeURIComponent(user)}/kick`);
  print(flags.json ? JSON.stringify({ sessions }) : `${counted(sessions, "session")} of user ${user} closed`);
}

/** `users message`: to each session at every gate that is asked. */
export async function messageUser(admins: Admins, { operands: [user = "", text], flags }: Given): Promise<void> {
  const sessions = await atEveryGate(admins, `/users/${encodeURIComponent(user)}/message`, { text });
  print(flags.json ? JSON.stringify({ sessions }) : `user ${user} was told, at ${counted(sessions, "session")}`);
}

/** How many sessions it concerned. */
async function atEveryGate(admins: Admins, path: string, body?: unknown): Promise<number> {
  const all = await admins.every((admin) => admin.ask<UserSessionsView>("POST", path, body === undefined ? {} : { body }));
  return all.reduce((sum, { answer }) => sum + answer.sessions, 0);
}

/** `--room` is a room's id, or a game and that. */
function readSessions(admin: AdminClient, { room: which, ...others }: FlagValues): Promise<SessionView[]> {
  const [, game, room] = /^(?:(.*)\/)?([^/]*)$/.exec(which ?? "") ?? [];
  const flags = { ...others, ...(game === undefined ? {} : { game }), ...(which === undefined ? {} : { room: room ?? which }) };
  return readPages(flags, ["user", "game", "room", "stage", "address"], async (query) => {
    const { sessions, next } = await admin.ask<SessionsPageView>("GET", `/sessions?${query}`);
    return { items: sessions, next };
  });
}
