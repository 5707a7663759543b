/**
 * `/journal` on the admin listener: what this server's journal is and holds, as far as the
 * running server knows. What is in its rooms, and whether the files are sound, says
 * `croupier journal`, which reads the files themselves.
 */
import { stat } from "node:fs/promises";
import type { FastifyInstance } from "fastify";
import type { JournalView } from "#protocol/admin_views.ts";
import type { Settings } from "#runtime/settings.ts";
import type { Arrivals } from "./arrivals.ts";
import type { Journal } from "./journal.ts";
import { databasePath } from "./journal_database.ts";
import type { Rooms } from "./rooms.ts";

const count = { type: "integer", minimum: 0 } as const;

const showSchema = {
  operationId: "showJournal",
  tags: ["journal"],
  summary: "What this server's journal is and holds.",
  response: {
    200: {
      type: "object",
      required: [
        ...["id", "boot", "release", "isDurable", "isStalled", "rooms", "outgoing", "incoming"],
        ...["over", "unreadable", "moved", "bytes", "lost"],
      ],
      properties: {
        id: { type: "string", description: "the server's name in the directory" },
        boot: { type: "integer", description: "how often it was opened" },
        release: { type: "string" },
        isDurable: { type: "boolean", description: "false: rooms die with the process" },
        sync: {
          enum: ["os", "full"] satisfies Settings["journalSync"][],
          description: "what a commit survives; left out when nothing is kept",
        },
        isStalled: { type: "boolean", description: "it has no space: nothing is applied" },
        rooms: { ...count, description: "in play" },
        outgoing: { ...count, description: "of these, rooms that may be another server's already" },
        incoming: { ...count, description: "rooms that others have offered, and that may turn out to be ours" },
        over: { ...count, description: "rooms that have ended, and have something to say yet" },
        unreadable: { ...count, description: "rooms that wait for a release that can read them" },
        moved: { ...count, description: "lives that were here, as far back as they are remembered: a day" },
        bytes: { ...count, description: "of its files" },
        lost: {
          type: "object",
          required: ["rooms", "turns"],
          properties: { rooms: count, turns: count },
          description: "by damage, before this start",
        },
      },
    },
  },
} as const;

interface JournalRoutesOptions {
  settings: Pick<Settings, "dataDir" | "journalSync" | "version">;
  journal: Journal;
  rooms: Pick<Rooms, "all" | "count" | "overCount" | "unreadableCount" | "goneCount" | "isStalled">;
  arrivals: Pick<Arrivals, "count">;
}

/** Adds `/journal`. */
export function addJournalRoutes(server: FastifyInstance, { settings, journal, rooms, arrivals }: JournalRoutesOptions): void {
  const { id, boot, isDurable, damage: lost } = journal;
  server.get("/journal", { schema: showSchema }, async (): Promise<JournalView> => {
    const bytes = isDurable ? await bytesIn(settings.dataDir) : 0;
    return {
      ...{ id, boot, release: settings.version, isDurable, ...(isDurable && { sync: settings.journalSync }), isStalled: rooms.isStalled },
      ...{ rooms: rooms.count, outgoing: outgoingOf(rooms), incoming: arrivals.count, over: rooms.overCount },
      ...{ unreadable: rooms.unreadableCount, moved: rooms.goneCount, bytes, lost },
    };
  });
}

function outgoingOf(rooms: Pick<Rooms, "all">): number {
  let outgoing = 0;
  for (const { isOutgoing } of rooms.all()) outgoing += Number(isOutgoing);
  return outgoing;
}

/** Of the database and its log; a file that is not there has none. */
async function bytesIn(folder: string): Promise<number> {
  const path = databasePath(folder);
  const sizes = await Promise.all(
    [path, `${path}-wal`].map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
