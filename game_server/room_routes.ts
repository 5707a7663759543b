/**
 * `/rooms` and `/rebalance` on the admin listener: which rooms there are, what everyone may
 * see of one, its move to another game server, and its end. A room is called by its life, or
 * by its game and id.
 */
import type { FastifyInstance } from "fastify";
import type { RebalanceView, RoomDetailView, RoomsPageView, RoomView, SeatView } from "#protocol/admin_views.ts";
import { noBodySchema } from "#runtime/admin_description.ts";
import { refusals, refuse } from "#runtime/admin_errors.ts";
import { pageOf, pageQuerySchema } from "#runtime/page.ts";
import type { Mover } from "./mover.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import type { Seat } from "./seats.ts";

type RoomName = { readonly life: string } | { readonly game: string; readonly room: string };

const roomProperties = {
  ...{ game: { type: "string" }, id: { type: "string" }, life: { type: "string" }, epoch: { type: "integer" } },
  ...{ version: { type: "integer" }, phase: { type: "string" }, seats: { type: "integer" }, free: { type: "integer" } },
  ...{ watchers: { type: "integer" }, users: { type: "integer" } },
} as const;

const roomRequired = ["game", "id", "life", "epoch", "version", "phase", "seats", "free", "watchers", "users"] as const;

const filters = {
  game: { type: "string", maxLength: 64 },
  phase: { type: "string", maxLength: 64, description: "what the game calls it, such as playing" },
  user: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER, description: "the room in which this user sits" },
  version: { type: "integer", description: "of the states' shape" },
  free: { type: "boolean", description: "true: with a free playing seat; false: without" },
} as const;

const listSchema = {
  operationId: "listRooms",
  tags: ["rooms"],
  summary: "The rooms in play, by ascending life.",
  querystring: pageQuerySchema({ type: "string", pattern: "^[0-9a-f]{1,16}$", description: "the last life of the page before" }, filters),
  response: {
    200: {
      type: "object",
      required: ["rooms"],
      properties: {
        rooms: { type: "array", items: { type: "object", required: roomRequired, properties: roomProperties } },
        next: { type: "string" },
      },
    },
  },
} as const;

const seatSchema = {
  type: "object",
  required: ["user", "seat", "online", "absent"],
  properties: {
    user: { type: "integer" },
    seat: { type: "integer", description: "from the room's seats on, a watcher's" },
    online: { type: "boolean", description: "as the others see him" },
    absent: { type: "boolean", description: "his way was not cut by him: the seat is held, and the others know nothing of it" },
    session: { type: "string", description: "as his gate and logs call it; left out while he is offline" },
  },
} as const;

const showSchema = {
  summary: "A room, with who sits there and what Print shows everyone.",
  response: {
    200: {
      type: "object",
      required: [...roomRequired, "seated", "print"],
      properties: { ...roomProperties, seated: { type: "array", items: seatSchema }, print: { type: "string" } },
    },
    ...refusals(404),
  },
} as const;

const dissolveSchema = {
  summary:
    "Ends a room: early settlement, Disconnect 1 to everyone. 409 once rooms are parked, or while it is on its way to another game server, 503 while nothing can be applied.",
  body: noBodySchema,
  response: { 200: { type: "object", required: ["life"], properties: { life: { type: "string" } } }, ...refusals(404, 409) },
} as const;

const moveSchema = {
  summary: "Gives a room to another game server, without a reconnect. 409 when none takes it, 503 while nothing can be applied.",
  body: noBodySchema,
  querystring: {
    type: "object",
    additionalProperties: false,
    properties: { to: { type: "string", maxLength: 256, description: "its journal, or its address in the fleet; left out: the best one" } },
  },
  response: {
    200: {
      type: "object",
      required: ["life", "to"],
      properties: { life: { type: "string" }, to: { type: "string", description: "a journal" } },
    },
    ...refusals(404, 409),
  },
} as const;

const rebalanceSchema = {
  operationId: "rebalance",
  tags: ["rooms"],
  summary:
    "Gives rooms to game servers that have fewer, until this one has no more than its share. Again meanwhile: waits for the same one.",
  body: noBodySchema,
  response: {
    200: {
      type: "object",
      required: ["moved", "rooms"],
      properties: { moved: { type: "integer" }, rooms: { type: "integer", description: "still here" } },
    },
  },
} as const;

const rebalanceStateSchema = {
  operationId: "showRebalance",
  tags: ["rooms"],
  summary: "How far the rebalancing under way is, or how far the last one came.",
  response: {
    200: {
      type: "object",
      required: ["isUnderWay", "moved", "left"],
      properties: {
        isUnderWay: { type: "boolean" },
        moved: { type: "integer", description: "rooms that have gone" },
        left: { type: "integer", description: "rooms that are still to go, as far as is known; some of them may stay" },
      },
    },
  },
} as const;

const noSpace = "the journal has no space: nothing can be applied now";
const noRoom = "no such room is played here";

/** A room's two names, as paths, and what the operations on it are called. */
const paths = [
  { path: "/rooms/:life", by: "ByLife", params: paramsSchema({ life: { type: "string", pattern: "^[0-9a-f]{1,16}$" } }) },
  {
    path: "/rooms/:game/:room",
    by: "",
    params: paramsSchema({ game: { type: "string", maxLength: 64 }, room: { type: "string", maxLength: 32 } }),
  },
] as const;

interface ListQuery {
  readonly limit: number;
  readonly after?: string;
  readonly game?: string;
  readonly phase?: string;
  readonly user?: number;
  readonly version?: number;
  readonly free?: boolean;
}

/** Adds `/rooms` for these rooms, which `mover` gives away. */
export function addRoomRoutes(server: FastifyInstance, rooms: Rooms, mover: Pick<Mover, "move" | "rebalance" | "rebalancing">): void {
  server.get<{ Querystring: ListQuery }>("/rooms", { schema: listSchema }, async ({ query }) => listOf(rooms, query));
  for (const { path, by, params } of paths) {
    const about = (operation: string) => ({ operationId: `${operation}Room${by}`, tags: ["rooms"], params });
    server.get<{ Params: RoomName }>(path, { schema: { ...about("show"), ...showSchema } }, async ({ params }, reply) => {
      const room = find(rooms, params);
      return (room && detailOf(room)) ?? refuse(reply, 404, noRoom);
    });
    server.post<{ Params: RoomName }>(
      `${path}/dissolve`,
      { schema: { ...about("dissolve"), ...dissolveSchema } },
      async ({ params }, reply) => {
        const room = find(rooms, params);
        if (room === undefined) return refuse(reply, 404, noRoom);
        if (rooms.isParked) return refuse(reply, 409, "the rooms are parked: they are their server's successor's");
        if (rooms.isStalled) return refuse(reply, 503, noSpace);
        if (room.isFrozen) return refuse(reply, 409, "the room is on its way to another game server");
        room.dissolve();
        return { life: room.life };
      },
    );
    server.post<{ Params: RoomName; Querystring: { to?: string } }>(
      `${path}/move`,
      { schema: { ...about("move"), ...moveSchema } },
      async ({ params, query }, reply) => {
        const room = find(rooms, params);
        if (room === undefined) return refuse(reply, 404, noRoom);
        if (rooms.isStalled) return refuse(reply, 503, noSpace);
        const to = await mover.move(room, query.to);
        return to === undefined ? refuse(reply, 409, "no other game server takes it now") : { life: room.life, to };
      },
    );
  }
  server.post("/rebalance", { schema: rebalanceSchema }, async () => ({ moved: await mover.rebalance(), rooms: rooms.count }));
  server.get("/rebalance", { schema: rebalanceStateSchema }, async (): Promise<RebalanceView> => mover.rebalancing);
}

async function listOf(rooms: Rooms, { limit, after = "", ...asked }: ListQuery): Promise<RoomsPageView> {
  const { page, next } = await pageOf(candidates(rooms, asked.user), {
    ...{ limit, after, cursorOf: ({ life }) => life },
    isWanted: (room) => isWanted(room, asked),
  });
  const views = page.filter((room) => rooms.alive(room.life) === room).flatMap((room) => viewOf(room) ?? []);
  return { rooms: views, ...(next === undefined ? {} : { next }) };
}

/** A user sits in one room at most. */
function candidates(rooms: Rooms, user: number | undefined): Iterable<Room> {
  if (user === undefined) return rooms.all();
  const place = rooms.placeOf(user);
  return place === undefined ? [] : [place];
}

/** Its phase is asked of the game, and so last. */
function isWanted(room: Room, { game, version, free, phase }: Omit<ListQuery, "limit" | "after">): boolean {
  if (game !== undefined && room.game !== game) return false;
  if (version !== undefined && room.version !== version) return false;
  if (free === undefined && phase === undefined) return true;
  const summary = room.summary();
  if (summary === undefined) return false;
  return (free === undefined || summary.free > 0 === free) && (phase === undefined || summary.phase === phase);
}

function find(rooms: Rooms, name: RoomName): Room | undefined {
  return "life" in name ? rooms.alive(name.life) : rooms.named(name.game, name.room);
}

function viewOf(room: Room): RoomView | undefined {
  const summary = room.summary();
  if (summary === undefined) return undefined;
  const { game, life, ownership, version, seats } = room;
  return { ...summary, game, life, epoch: ownership.epoch, version, users: seats.length };
}

/** Undefined when the game's own part of it has ended the room. */
function detailOf(room: Room): RoomDetailView | undefined {
  const print = room.dump();
  const view = viewOf(room);
  return view && print !== undefined ? { ...view, seated: room.seats.map(seatOf), print } : undefined;
}

function seatOf({ user, index: seat, way }: Seat): SeatView {
  const session = way.is === "offline" ? {} : { session: `${way.gate}-${way.session}` };
  return { user, seat, online: way.is !== "offline", absent: way.is === "absent", ...session };
}

function paramsSchema<const Properties extends Readonly<Record<string, object>>>(properties: Properties) {
  return { type: "object", required: Object.keys(properties), properties } as const;
}
