/**
 * A rollout as a gate sees it, look by look: what has changed since the last look, and what
 * is left before it is over. It asks nobody itself, and has no clock.
 *
 *     one release (the one waited for), every server serves and takes rooms, nothing is held ──> over
 *     a server has gone ──> it is waited for a while: its successor may be on its way
 */
import { isLeaving, type ServersView, type ServerView } from "#protocol/admin_views.ts";
import { nameServers } from "./server_names.ts";
import { counted } from "./words.ts";

/** A pod is back after about 5 s; with an image to be pulled later. A server that was taken out for good is not waited for any longer. */
const awayMsMax = 20_000;

export interface Look {
  /** What has changed. */
  readonly lines: readonly string[];
  /** What keeps it from being over; none: it is. */
  readonly left: readonly string[];
}

interface Known {
  readonly name: string;
  readonly line: string;
  /** Since when it is not in the fleet any more. */
  readonly awaySinceMs?: number;
}

export class RolloutWatch {
  readonly #release: string | undefined;
  /** Servers that have answered, by journal. */
  readonly #known = new Map<string, Known>();
  #held = 0;

  /** `release`: the one to wait for; undefined: whichever it is. */
  constructor(release: string | undefined) {
    this.#release = release;
  }

  look({ servers, held }: ServersView, nowMs: number): Look {
    const names = nameServers(servers);
    const lines = servers.flatMap((server) => this.#lineOf(server, names.get(server) ?? server.address));
    lines.push(...this.#missing(servers, nowMs), ...this.#heldLine(servers, held));
    const left = servers.flatMap((server) => leftOf(server, names.get(server) ?? server.address, this.#release));
    const away = [...this.#known.values()].filter(({ awaySinceMs }) => awaySinceMs !== undefined && nowMs - awaySinceMs < awayMsMax);
    left.push(...away.map(({ name }) => `${name} is gone and may come back`), ...mixed(servers));
    if (servers.length === 0) left.push("no game server is known");
    if (held > 0) left.push(`${counted(held, "room")} held`);
    return { lines, left };
  }

  /** A server that has never answered has no line: what is dialled may be anything. */
  #lineOf(server: ServerView, name: string): string[] {
    const { journal } = server;
    if (journal === undefined) return [];
    const line = `${name} ${stateOf(server)}`;
    const before = this.#known.get(journal);
    this.#known.set(journal, { name, line });
    return before?.line === line ? [] : [line];
  }

  /** A gate that has just started has not found everybody: nobody is missed before everything it dials has answered. */
  #missing(servers: readonly ServerView[], nowMs: number): string[] {
    if (servers.length === 0 || servers.some(({ journal }) => journal === undefined)) return [];
    const journals = new Set(servers.map(({ journal }) => journal));
    const missing = [...this.#known].filter(([journal, { awaySinceMs }]) => awaySinceMs === undefined && !journals.has(journal));
    return missing.map(([journal, { name }]) => {
      const line = `${name} gone`;
      this.#known.set(journal, { name, line, awaySinceMs: nowMs });
      return line;
    });
  }

  /** While somebody drains, rooms are held for a moment each: that is nothing to be told. */
  #heldLine(servers: readonly ServerView[], held: number): string[] {
    if (held === this.#held || servers.some(isLeaving)) return [];
    this.#held = held;
    return [`${counted(held, "room")} held by this gate`];
  }
}

function stateOf(server: ServerView): string {
  const { release, isLinked, isOffered, stage, drain, rooms } = server;
  const left = `${counted(rooms, "room")} left`;
  if (release === undefined) return "has not answered yet";
  if (!isLinked) return `${release} not linked`;
  if (isLeaving(server)) return `${release} ${stage} (${drain}), ${left}`;
  if (isOffered) return `${release} serving`;
  return stage === undefined ? `${release} takes no rooms, ${left}` : `${release} serving, takes no rooms`;
}

function leftOf(server: ServerView, name: string, wanted: string | undefined): string[] {
  if (!server.isLinked || isLeaving(server) || !server.isOffered) return [`${name} ${stateOf(server)}`];
  return wanted !== undefined && server.release !== wanted ? [`${name} has ${server.release}`] : [];
}

function mixed(servers: readonly ServerView[]): string[] {
  const releases = [...new Set(servers.flatMap(({ release }) => release ?? []))];
  return releases.length > 1 ? [`releases ${releases.toSorted().join(" and ")} are there`] : [];
}
