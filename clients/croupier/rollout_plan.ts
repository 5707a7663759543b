/**
 * What a rollout to a release will do to the rooms of a fleet, worked out from what its game
 * servers say of themselves and nothing else: no server is asked here. It plays the rollout
 * through, one server after the other, by the rules by which rooms move (ARCHITECTURE §5); rooms that are
 * opened or end meanwhile are not known, nor is how long players take.
 *
 *     the next server drains ──> its rooms move to the server that was started last and reads them
 *                                  └ there is none: they park, or wait and are dissolved
 *                            ──> it starts again with the release, last of all
 */
import { isLeaving, type ServerView } from "#protocol/admin_views.ts";
import { type Deal, reads } from "#protocol/deals.ts";
import { type RoomsAndUsers, roomsIn, sumOf } from "./rooms_and_users.ts";
import { nameServers } from "./server_names.ts";

/** A drain moves 295 to 800 dice rooms a second on two busy cores, and the fault tests fail below 200. */
export const movesPerSecond = 200;
/** A pod that has ended is back and ready after about 5 s. */
export const restartMs = 5000;

/** What is rolled out. */
export interface Release {
  readonly name: string;
  readonly deals: readonly Deal[];
  /** After so long a drain parks or dissolves what is left; 0 = never. */
  readonly drainDeadlineMs: number;
}

/** The rooms of one game whose states have one version; both are left out when their server's release does not say. */
export interface PlannedLot extends RoomsAndUsers {
  readonly game?: string;
  readonly version?: number;
}

/** What becomes of a lot when its server leaves. */
export interface Outcome extends PlannedLot {
  /** `waits`: plays on until it ends, or is dissolved at the drain deadline. */
  readonly becomes: "moves" | "parks" | "waits";
  /** Which server has it then; left out when nobody plays it. */
  readonly to?: string;
  readonly toRelease?: string;
  /** Of its states from then on. */
  readonly toVersion?: number;
  /** Not before the drain deadline. */
  readonly isLate: boolean;
}

/** One server leaves, and comes back. */
export interface Step {
  readonly server: string;
  readonly address: string;
  readonly release?: string;
  readonly stage?: string;
  readonly drain?: string;
  /** What it has now. */
  readonly rooms: number;
  readonly users: number;
  /** What it has by then. */
  readonly outcomes: readonly Outcome[];
  /** Rooms in its journal that nobody could read, and that it goes on with when it is back. */
  readonly revived: readonly PlannedLot[];
  readonly ms: number;
}

/** What an undo would do to the rooms of a game once the release has them. */
export interface Undo {
  /** The older release. */
  readonly to: string;
  readonly game: string;
  /** The version that the release writes. */
  readonly version: number;
  /** Whether the older one reads that; left out when it does not say. */
  readonly isRead?: boolean;
  /** Rooms, as many as there are by then. */
  readonly rooms: number;
}

/** Who writes states of which version, where that differs. */
export interface Difference {
  readonly game: string;
  readonly writers: readonly { readonly version: number; readonly servers: readonly string[] }[];
  /** Of the release; left out when it does not deal the game. */
  readonly version?: number;
}

export interface RolloutPlan {
  readonly release: string;
  readonly deals: readonly Deal[];
  /** Some servers have the release, or one is leaving. */
  readonly isUnderWay: boolean;
  /** Servers that have the release. */
  readonly done: readonly string[];
  /** Of them, those that take no rooms. */
  readonly closed: readonly string[];
  /** Servers that are known and not linked: what they have nobody knows. */
  readonly unlinked: readonly string[];
  /** `ordinals`: highest first, as a StatefulSet does it; `start`: nobody knows, and the oldest goes first. */
  readonly order: "ordinals" | "start";
  /** What remains to be done, in this order. */
  readonly steps: readonly Step[];
  readonly moves: number;
  readonly ms: number;
  /** What is dissolved, unless it ends before. */
  readonly lost: RoomsAndUsers;
  /** What is parked, and what the release does not read: another one may. */
  readonly waiting: RoomsAndUsers;
  readonly differences: readonly Difference[];
  readonly undo: readonly Undo[];
  /** Rooms of each server in the end. */
  readonly after: readonly { readonly server: string; readonly rooms: number }[];
}

/** A server in the course of the rollout. */
interface Member {
  readonly name: string;
  readonly view: ServerView;
  release: string | undefined;
  deals: readonly Deal[];
  startedAtMs: number;
  takes: boolean;
  lots: PlannedLot[];
}

export function planRollout(servers: readonly ServerView[], release: Release): RolloutPlan {
  const names = nameServers(servers);
  const members = servers.filter(({ isLinked }) => isLinked).map((view) => memberOf(view, names.get(view) ?? view.address));
  const done = members.filter(({ view }) => isOf(view, release) && !isLeaving(view));
  const remaining = members.filter((member) => !done.includes(member));
  const order = haveOrdinals(remaining) ? "ordinals" : "start";
  const differences = differencesOf(members, release);
  const older = olderOf(remaining, release);
  const queue = remaining.toSorted((a, b) => Number(isLeaving(b.view)) - Number(isLeaving(a.view)) || compare(a, b, order));
  const steps = queue.map((member) => stepOf(member, members, release));
  const outcomes = steps.flatMap((step) => step.outcomes);
  return {
    ...{ release: release.name, deals: release.deals, order, steps, differences },
    isUnderWay: remaining.length > 0 && (done.length > 0 || remaining.some(({ view }) => isLeaving(view))),
    done: done.map(({ name }) => name),
    closed: done.filter(({ view }) => !view.isOffered).map(({ name }) => name),
    unlinked: servers.filter(({ isLinked }) => !isLinked).map((view) => names.get(view) ?? view.address),
    moves: roomsIn(outcomes.filter(({ becomes }) => becomes === "moves")),
    ms: steps.reduce((sum, { ms }) => sum + ms, 0),
    lost: sumOf(outcomes.filter(({ becomes }) => becomes === "waits")),
    waiting: sumOf(outcomes.filter(({ becomes, to }) => becomes === "parks" && to === undefined)),
    undo: older.flatMap((old) => undoOf(old, members, release)),
    after: members.map(({ name, lots }) => ({ server: name, rooms: roomsIn(lots) })),
  };
}

/** Whether a server has the release: one of the same name that deals otherwise is another one. */
function isOf({ release, deals }: ServerView, { name, deals: wanted }: Release): boolean {
  const isSame = ({ game, version, upgrades }: Deal): boolean =>
    wanted.some((other) => other.game === game && other.version === version && other.upgrades === upgrades);
  return release === name && deals?.every(isSame) === true;
}

function memberOf(view: ServerView, name: string): Member {
  const { release, deals = [], startedAtMs = 0, isOffered, rooms, users } = view;
  const lots = view.lots ?? (rooms === 0 ? [] : [{ rooms, users }]);
  return { name, view, release, deals, startedAtMs, takes: isOffered && !isLeaving(view), lots: [...lots] };
}

const ordinal = /^(.*)-(\d+)$/;

function haveOrdinals(members: readonly Member[]): boolean {
  return members.every(({ name, view }) => name === view.machine && ordinal.test(name));
}

function compare(a: Member, b: Member, order: RolloutPlan["order"]): number {
  if (order === "start") return a.startedAtMs - b.startedAtMs;
  const [, set = "", at = ""] = ordinal.exec(a.name) ?? [];
  const [, otherSet = "", otherAt = ""] = ordinal.exec(b.name) ?? [];
  return set.localeCompare(otherSet) || Number(otherAt) - Number(at);
}

/** `member` leaves, and comes back with the release. */
function stepOf(member: Member, members: readonly Member[], release: Release): Step {
  const { name, view } = member;
  const { address, stage, drain, rooms, users } = view;
  const takesAgain = member.takes || isLeaving(view); // of a group that is offered no rooms, as after an A/B switch, nobody is
  member.takes = false;
  const outcomes = member.lots.map((lot) => leave(lot, member, members, release));
  const parked = outcomes.filter(({ becomes, to }) => becomes === "parks" && to !== undefined);
  const revived = (view.unreadable ?? []).filter(({ game, version }) => reads(release.deals, game, version));
  const before = member.release;
  const startedAtMs = Math.max(...members.map((other) => other.startedAtMs)) + 1;
  Object.assign(member, {
    release: release.name,
    deals: release.deals,
    startedAtMs,
    takes: takesAgain,
    lots: [],
  } satisfies Partial<Member>);
  for (const lot of [...parked, ...revived]) add(member, lot, versionAt(member, lot));
  const moving = outcomes.filter(({ becomes }) => becomes === "moves");
  const lateMs = outcomes.some(({ isLate }) => isLate) ? release.drainDeadlineMs : 0;
  return {
    ...{ server: name, address, rooms, users, outcomes, revived },
    ...named("release", before),
    ...named("stage", stage),
    ...named("drain", drain),
    ms: Math.round((roomsIn(moving) * 1000) / movesPerSecond) + lateMs + restartMs,
  };
}

/** What becomes of a lot of `giver`'s: it moves, or what its drain falls back to. */
function leave(lot: PlannedLot, giver: Member, members: readonly Member[], release: Release): Outcome {
  const { drain = "move", parks = false } = giver.view;
  const taker = drain === "move" || drain === "stuck" ? takerOf(lot, giver, members) : undefined;
  if (taker !== undefined) {
    const toVersion = versionAt(taker, lot);
    add(taker, lot, toVersion);
    return {
      ...lot,
      becomes: "moves",
      isLate: false,
      to: taker.name,
      ...named("toRelease", taker.release),
      ...named("toVersion", toVersion),
    };
  }
  if (drain !== "park" && !parks) return { ...lot, becomes: "waits", isLate: true };
  const goesOn = lot.game !== undefined && lot.version !== undefined && reads(release.deals, lot.game, lot.version) === true;
  const back = goesOn ? { to: giver.name, toRelease: release.name, ...named("toVersion", versionIn(release.deals, lot)) } : {};
  return { ...lot, becomes: "parks", isLate: drain === "wait", ...back };
}

/** Who is offered the lot first: of those that read it the one that was started last, then the one with the fewest rooms. */
function takerOf(lot: PlannedLot, giver: Member, members: readonly Member[]): Member | undefined {
  const takers = members.filter((member) => member !== giver && member.takes && mayRead(member, lot) && keepsAsLong(member, giver));
  return takers.toSorted((a, b) => b.startedAtMs - a.startedAtMs || roomsIn(a.lots) - roomsIn(b.lots))[0];
}

/** Who does not say what he reads, or has, is offered rooms and offers them. */
function mayRead({ deals }: Member, { game, version }: PlannedLot): boolean {
  return game === undefined || version === undefined || (reads(deals, game, version) ?? true);
}

/** Rooms that outlive their process go only where they still do. */
function keepsAsLong(taker: Member, giver: Member): boolean {
  return taker.view.durable === true || giver.view.durable !== true;
}

function versionAt({ deals }: Member, lot: PlannedLot): number | undefined {
  return versionIn(deals, lot);
}

/** The version of a lot's states where it is played by these rules. */
function versionIn(deals: readonly Deal[], { game, version }: PlannedLot): number | undefined {
  return deals.find((deal) => deal.game === game)?.version ?? version;
}

function add(member: Member, { game, rooms, users }: PlannedLot, version: number | undefined): void {
  const same = member.lots.find((lot) => lot.game === game && lot.version === version);
  const others = member.lots.filter((lot) => lot !== same);
  const sum = { rooms: rooms + (same?.rooms ?? 0), users: users + (same?.users ?? 0) };
  member.lots = [...others, { ...named("game", game), ...named("version", version), ...sum }];
}

/** Where servers write states of different versions now, or will. */
function differencesOf(members: readonly Member[], { deals }: Release): Difference[] {
  const games = [...new Set([...members, { deals }].flatMap((one) => one.deals.map(({ game }) => game)))];
  const all = games.map((game) => {
    const writing = members.flatMap((member) =>
      member.deals.filter((deal) => deal.game === game).map(({ version }) => ({ version, member })),
    );
    const byVersion = [...Map.groupBy(writing, ({ version }) => version)].toSorted(([a], [b]) => a - b);
    const writers = byVersion.map(([version, some]) => ({ version, servers: some.map(({ member }) => member.name) }));
    return { game, writers, ...named("version", deals.find((deal) => deal.game === game)?.version) };
  });
  return all.filter(
    ({ writers, version }) => new Set([...writers.map((writer) => writer.version), version]).size > 1 && writers.length > 0,
  );
}

/** One server of each release that is to be replaced. */
function olderOf(remaining: readonly Member[], { name }: Release): { name: string; deals: readonly Deal[] }[] {
  const byName = new Map(remaining.map(({ release = "unknown", deals }) => [release, { name: release, deals }]));
  return [...byName.values()].filter((older) => older.name !== name || older.deals.length > 0);
}

/** In the end, when `members` are what they will be. */
function undoOf(older: { name: string; deals: readonly Deal[] }, members: readonly Member[], { deals }: Release): Undo[] {
  return deals.map(({ game, version }) => {
    const isRead = reads(older.deals, game, version);
    const rooms = roomsIn(members.flatMap(({ lots }) => lots.filter((lot) => lot.game === game && lot.version === version)));
    return { to: older.name, game, version, rooms, ...named("isRead", isRead) };
  });
}

/** A property that is left out when there is no value for it. */
function named<Name extends string, Value>(name: Name, value: Value | undefined): { [Key in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { [Key in Name]: Value });
}
