/** The fleet as several members see it: which game servers there are, what they are called, and what is wrong. */

import { roomsIn } from "#clients/croupier/rooms_and_users.ts";
import { nameServers } from "#clients/croupier/server_names.ts";
import { counted } from "#clients/croupier/words.ts";
import type { ServerView } from "#protocol/admin_views.ts";
import { dealsRooms, isThere, lastOf, type Member, type MemberAway } from "./member.ts";

/** A game server, by what gates say of it and what it says itself; at least one of the two is there. */
export interface GameServer {
  readonly name: string;
  readonly view: ServerView | undefined;
  readonly member: Member | undefined;
}

/** What a member is called: a game server as gates call it, anybody else by its machine, or by its address where several share one. */
export function nameOf(member: Member, members: readonly Member[]): string {
  return gameServers(members).find((server) => server.member === member)?.name ?? ownNameOf(member, members);
}

function ownNameOf(member: Member, members: readonly Member[]): string {
  const machineOf = (one: Member): string | undefined => lastOf(one)?.process.machine;
  const machine = machineOf(member);
  const isOnly = members.filter((other) => machineOf(other) === machine).length === 1;
  return machine !== undefined && isOnly ? machine : member.admin.url.replace(/^https?:\/\//, "");
}

/** What gates say, of each journal once: the one that is linked is told of by who sees it. */
export function serversSeen(members: readonly Member[]): ServerView[] {
  const all = members.filter(isThere).flatMap(({ about }) => about.servers?.servers ?? []);
  const best = new Map<string, ServerView>();
  for (const view of all) {
    const key = view.journal ?? view.address;
    if (best.get(key)?.isLinked !== true) best.set(key, view);
  }
  return [...best.values()];
}

export function gameServers(members: readonly Member[]): GameServer[] {
  const views = serversSeen(members);
  const names = nameServers(views);
  const own = members.filter(dealsRooms);
  const memberOf = ({ journal }: ServerView): Member | undefined =>
    journal === undefined ? undefined : own.find((member) => lastOf(member)?.journal === journal);
  const seen = views.map((view) => ({ name: names.get(view) ?? view.address, view, member: memberOf(view) }));
  const unseen = own.filter((member) => !seen.some((one) => one.member === member));
  return [...seen, ...unseen.map((member) => ({ name: ownNameOf(member, members), view: undefined, member }))].toSorted((a, b) =>
    a.name.localeCompare(b.name, "en", { numeric: true }),
  );
}

/** What somebody should look at now, as sentences. */
export function alarmsOf(members: readonly Member[]): string[] {
  const silent = members.filter((member): member is MemberAway => member.is === "silent").map(({ why }) => why);
  const held = members.filter(isThere).flatMap((member) => {
    const rooms = member.about.servers?.held ?? 0;
    return rooms === 0 ? [] : [`${nameOf(member, members)} holds ${counted(rooms, "room")}: their game server cannot be reached.`];
  });
  return [...silent, ...held, ...gameServers(members).flatMap(({ name, view }) => (view === undefined ? [] : alarmsOfServer(name, view)))];
}

function alarmsOfServer(name: string, { isLinked, journal, drain, rooms, unreadable = [] }: ServerView): string[] {
  const waiting = roomsIn(unreadable);
  return [
    ...(isLinked || journal === undefined ? [] : [`${name} is not linked.`]),
    ...(drain === "stuck" ? [`${name} drains and is stuck: nobody takes its ${counted(rooms, "room")}.`] : []),
    ...(waiting === 0 ? [] : [`${name} has ${counted(waiting, "room")} that this release cannot read.`]),
  ];
}
