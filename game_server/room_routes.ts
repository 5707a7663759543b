/**
 * `/rooms` on the admin listener: which rooms there are, what everyone may see of one, its
 * move to another game server, and its end. A room is called by its life, or by its game and id.
 */
import type { FastifyInstance, FastifyReply } from "fastify";
import { noBodySchema } from "#runtime/admin.ts";
import { pageOf, pageQuerySchema } from "#runtime/page.ts";
import type { Mover } from "./mover.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";

/** A room as operators see it. */
export interface RoomView {
  readonly game: string;
  readonly id: string;
  readonly life: string;
  readonly epoch: number;
  /** Of its state's shape. */
  readonly version: number;
  readonly phase: string;
  /** Playing seats, and how many of them are free. */
  readonly seats: number;
  readonly free: number;
  readonly watchers: number;
  readonly users: number;
}

/** One page of `GET /rooms`, by ascending life. */
export interface RoomsPageView {
  readonly rooms: readonly RoomView[];
  /** For `after` of the next page; left out on the last one. */
  readonly next?: string;
}

type RoomName = { readonly life: string } | { readonly game: string; readonly room: string };

const roomProperties = {
  ...{ game: { type: "string" }, id: { type: "string" }, life: { type: "string" }, epoch: { type: "integer" } },
  ...{ version: { type: "integer" }, phase: { type: "string" }, seats: { type: "integer" }, free: { type: "integer" } },
  ...{ watchers: { type: "integer" }, users: { type: "integer" } },
} as const;

const listSchema = {
  summary: "The rooms in play, by ascending life.",
  querystring: pageQuerySchema({ type: "string", pattern: "^[0-9a-f]{1,16}$", description: "the last life of the page before" }),
  response: {
    200: {
      type: "object",
      required: ["rooms"],
      properties: { rooms: { type: "array", items: { type: "object", properties: roomProperties } }, next: { type: "string" } },
    },
  },
} as const;

const showSchema = {
  summary: "A room, with what Print shows everyone.",
  response: { 200: { type: "object", properties: { ...roomProperties, print: { type: "string" } } } },
} as const;

const dissolveSchema = {
  summary:
    "Ends a room: early settlement, Disconnect 1 to everyone. 409 once rooms are parked, or while it is on its way to another game server, 503 while nothing can be applied.",
  body: noBodySchema,
  response: { 200: { type: "object", properties: { life: { type: "string" } } } },
} as const;

const moveSchema = {
  summary: "Gives a room to another game server, without a reconnect. 409 when none takes it, 503 while nothing can be applied.",
  body: noBodySchema,
  querystring: {
    type: "object",
    additionalProperties: false,
    properties: { to: { type: "string", maxLength: 256, description: "its journal, or its address in the fleet; left out: the best one" } },
  },
  response: { 200: { type: "object", properties: { life: { type: "string" }, to: { type: "string" } } } },
} as const;

const rebalanceSchema = {
  summary: "Gives rooms to game servers that have fewer, until this one has no more than its share.",
  body: noBodySchema,
  response: { 200: { type: "object", properties: { moved: { type: "integer" }, rooms: { type: "integer" } } } },
} as const;

const noSpace = "the journal has no space: nothing can be applied now";

/** A room's two names, as paths. */
const paths = ["/rooms/:life", "/rooms/:game/:room"] as const;

/** What `POST …/move` answers. */
export interface MovedView {
  readonly life: string;
  /** The journal of its new owner. */
  readonly to: string;
}

/** What `POST /rebalance` answers: rooms that have gone, and those that are still here. */
export interface RebalancedView {
  readonly moved: number;
  readonly rooms: number;
}

/** Adds `/rooms` for these rooms, which `mover` gives away. */
export function addRoomRoutes(server: FastifyInstance, rooms: Rooms, mover: Pick<Mover, "move" | "rebalance">): void {
  server.get<{ Querystring: { limit: number; after?: string } }>("/rooms", { schema: listSchema }, async ({ query }) =>
    listOf(rooms, query.limit, query.after ?? ""),
  );
  for (const path of paths) {
    server.get<{ Params: RoomName }>(path, { schema: showSchema }, async ({ params }, reply) => {
      const room = find(rooms, params);
      const print = room?.dump();
      const view = room && viewOf(room);
      if (view === undefined || print === undefined) return refuse(reply, 404, "no such room is played here");
      return { ...view, print };
    });
    server.post<{ Params: RoomName }>(`${path}/dissolve`, { schema: dissolveSchema }, async ({ params }, reply) => {
      const room = find(rooms, params);
      if (room === undefined) return refuse(reply, 404, "no such room is played here");
      if (rooms.isParked) return refuse(reply, 409, "the rooms are parked: they are their server's successor's");
      if (rooms.isStalled) return refuse(reply, 503, noSpace);
      if (room.isFrozen) return refuse(reply, 409, "the room is on its way to another game server");
      room.dissolve();
      return { life: room.life };
    });
    server.post<{ Params: RoomName; Querystring: { to?: string } }>(
      `${path}/move`,
      { schema: moveSchema },
      async ({ params, query }, reply) => {
        const room = find(rooms, params);
        if (room === undefined) return refuse(reply, 404, "no such room is played here");
        if (rooms.isStalled) return refuse(reply, 503, noSpace);
        const to = await mover.move(room, query.to);
        return to === undefined ? refuse(reply, 409, "no other game server takes it now") : { life: room.life, to };
      },
    );
  }
  server.post("/rebalance", { schema: rebalanceSchema }, async () => ({ moved: await mover.rebalance(), rooms: rooms.count }));
}

function listOf(rooms: Rooms, limit: number, after: string): RoomsPageView {
  const byLife = [...rooms.all()].filter(({ life }) => life > after).sort((a, b) => (a.life < b.life ? -1 : 1));
  const { page, next } = pageOf(byLife, limit, ({ life }) => life);
  return { rooms: page.flatMap((room) => viewOf(room) ?? []), ...(next === undefined ? {} : { next }) };
}

function find(rooms: Rooms, name: RoomName): Room | undefined {
  return "life" in name ? rooms.alive(name.life) : rooms.named(name.game, name.room);
}

function viewOf(room: Room): RoomView | undefined {
  const summary = room.summary();
  if (summary === undefined) return undefined;
  const { game, life, users, ownership, version } = room;
  return { ...summary, game, life, epoch: ownership.epoch, version, users: users.length };
}

function refuse(reply: FastifyReply, status: 404 | 409 | 503, message: string): FastifyReply {
  return reply.code(status).send({ statusCode: status, message });
}
