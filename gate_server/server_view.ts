/**
 * A game server as operators see it: what it said of itself when it was linked, what it says
 * of its rooms now, and what this gate makes of that. What an older release does not say is
 * left out, and so is what nobody has said yet.
 */
import type { LotView, ServerView } from "#protocol/admin_views.ts";
import type { Lot, ServerHello } from "#protocol/gen/link_pb.ts";
import type { ServerLink } from "./server_link.ts";

const lotsSchema = {
  type: "array",
  items: {
    type: "object",
    properties: { game: { type: "string" }, version: { type: "integer" }, rooms: { type: "integer" }, users: { type: "integer" } },
  },
} as const;

const deal = { game: { type: "string" }, version: { type: "integer" }, upgrades: { type: "boolean" } } as const;

export const serverSchema = {
  type: "object",
  required: ["address", "isLinked", "isOffered", "rooms", "users"],
  properties: {
    address: { type: "string" },
    machine: { type: "string", description: "the name of its machine, such as a pod's" },
    journal: { type: "string" },
    release: { type: "string" },
    startedAtMs: { type: "number", description: "milliseconds since 1970: rooms go to the server that was started last" },
    durable: { type: "boolean", description: "false: its rooms die with its process" },
    parks: { type: "boolean", description: "what its drain leaves is parked for its successor, and not dissolved" },
    deals: {
      type: "array",
      items: { type: "object", properties: deal },
      description: "its games, the version of the states it writes, and whether it brings older ones up to that",
    },
    isLinked: { type: "boolean" },
    isOffered: { type: "boolean", description: "whether it may be offered new rooms, and rooms that must leave another one" },
    stage: { type: "string", description: "serving, draining or dissolving; left out: its release does not say" },
    drain: {
      type: "string",
      description: "what its drain does with its rooms, or would do: move, park or wait; stuck: nobody takes what is left, which waits",
    },
    rooms: { type: "integer" },
    users: { type: "integer" },
    lots: { ...lotsSchema, description: "the rooms in play, by game and version of their states" },
    unreadable: { ...lotsSchema, description: "rooms in its journal that wait for a release that can read them" },
  },
} as const;

/** What is known of a server: `link` while it is linked; `isMeant`: the fleet offers it rooms. */
export function viewOf(address: string, server: ServerHello | undefined, link: ServerLink | undefined, isMeant: boolean): ServerView {
  const { rooms = 0, users = 0, takesNewRooms = false } = link?.status ?? {};
  const counts = { isLinked: link !== undefined, isOffered: takesNewRooms && isMeant, rooms, users };
  return { address, ...(server && aboutOf(server)), ...counts, ...(link && saidOf(link)) };
}

/** What it is. Neither a machine nor deals: an older release. */
function aboutOf({ machine, journal, release, startedAtMs, durable, parks, deals }: ServerHello): Partial<ServerView> {
  const about = { journal, release, startedAtMs, durable, ...(machine === "" ? {} : { machine }) };
  return deals.length === 0 ? about : { ...about, parks, deals: deals.map(({ game, version, upgrades }) => ({ game, version, upgrades })) };
}

/** How it is. No stage: an older release. */
function saidOf({ status: { stage, drain, lots, unreadable } }: ServerLink): Partial<ServerView> {
  return stage === "" ? {} : { stage, drain, lots: lots.map(lotOf), unreadable: unreadable.map(lotOf) };
}

function lotOf({ game, version, rooms, users }: Lot): LotView {
  return { game, version, rooms, users };
}
