/** `/servers` on a gate's admin listener: the game servers it knows, and what to do about one that is gone for good. */
import type { FastifyInstance } from "fastify";
import type { DirectoryForGates } from "#fleet/directory.ts";
import type { ServersView } from "#protocol/admin_views.ts";
import { Refused } from "#protocol/refusals.ts";
import { noBodySchema } from "#runtime/admin_description.ts";
import { refusals, refuse } from "#runtime/admin_errors.ts";
import type { GateRooms } from "./gate_rooms.ts";
import type { Links } from "./links.ts";
import { serverSchema } from "./server_view.ts";

const listSchema = {
  operationId: "listServers",
  tags: ["servers"],
  summary: "The game servers this gate has found, and those it has lost. What an older release does not say of itself is left out.",
  response: {
    200: {
      type: "object",
      required: ["servers", "held"],
      properties: {
        servers: { type: "array", items: serverSchema },
        held: { type: "integer", description: "rooms with sessions of this gate whose game server cannot be reached now" },
      },
    },
  },
} as const;

const abandonSchema = {
  operationId: "abandonServer",
  tags: ["servers"],
  params: { type: "object", required: ["journal"], properties: { journal: { type: "string", maxLength: 64 } } },
  summary: "Takes every room from a game server that is gone for good, so that their names may be opened anew. 409 while it is there.",
  body: noBodySchema,
  response: { 200: { type: "object", required: ["lives"], properties: { lives: { type: "integer" } } }, ...refusals(409) },
} as const;

interface ServerRoutesOptions {
  links: Pick<Links, "servers" | "to">;
  rooms: Pick<GateRooms, "heldCount">;
  directory: DirectoryForGates;
}

/** Adds `/servers`. */
export function addServerRoutes(server: FastifyInstance, { links, rooms, directory }: ServerRoutesOptions): void {
  server.get("/servers", { schema: listSchema }, async (): Promise<ServersView> => ({ servers: links.servers(), held: rooms.heldCount }));
  server.post<{ Params: { journal: string } }>("/servers/:journal/abandon", { schema: abandonSchema }, async ({ params }, reply) => {
    if (links.to(params.journal) !== undefined) return refuse(reply, 409, "it is linked: it plays its rooms");
    try {
      const lives = await directory.abandon(params.journal);
      return lives === undefined ? refuse(reply, 409, "it has renewed its lease within the last 10 s") : { lives };
    } catch (thrown) {
      if (!(thrown instanceof Refused)) throw thrown;
      return refuse(reply, 503, "the directory is away, or learning");
    }
  });
}
