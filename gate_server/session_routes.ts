/**
 * `/sessions` and `/users` on a gate's admin listener: who is connected here, what an operator
 * tells them, and who is sent away. A kick is the client's own drop: the game is asked whether
 * the seat is kept, and the close code says to stay away.
 */
import type { FastifyInstance } from "fastify";
import type { Session } from "#door/session.ts";
import type { Sessions } from "#door/sessions.ts";
import {
  type MessageBody,
  messageCharactersMax,
  type OpenStage,
  openStages,
  type SessionsPageView,
  type SessionView,
} from "#protocol/admin_views.ts";
import { Notice_Action, Notice_Reason } from "#protocol/gen/frame_pb.ts";
import { noticeFrame } from "#protocol/system_frames.ts";
import { noBodySchema } from "#runtime/admin_description.ts";
import { refusals, refuse } from "#runtime/admin_errors.ts";
import { pageOf, pageQuerySchema } from "#runtime/page.ts";

const user = { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER } as const;

const sessionSchema = {
  type: "object",
  required: ["id", "user", "stage", "address", "openedAt", "unacknowledged"],
  properties: {
    id: { type: "string", description: "its name in the fleet, as logs have it" },
    user,
    stage: { enum: openStages },
    address: { type: "string", description: "where its client comes from, behind proxies that are trusted" },
    openedAt: { type: "string", format: "date-time" },
    game: { type: "string", description: "of the room that it is in, or about to leave; left out: none" },
    room: { type: "string" },
    life: { type: "string" },
    unacknowledged: { type: "integer", description: "inputs that its room has not acknowledged" },
  },
} as const;

const listSchema = {
  operationId: "listSessions",
  tags: ["sessions"],
  summary: "The sessions of this gate, oldest first.",
  querystring: pageQuerySchema(
    { type: "integer", minimum: 0, description: "`next` of the page before" },
    {
      user,
      stage: { enum: openStages },
      address: { type: "string", maxLength: 64 },
      game: { type: "string", maxLength: 64 },
      room: { type: "string", maxLength: 32 },
    },
  ),
  response: {
    200: {
      type: "object",
      required: ["sessions"],
      properties: { sessions: { type: "array", items: sessionSchema }, next: { type: "integer" } },
    },
  },
} as const;

const idParams = {
  type: "object",
  required: ["id"],
  properties: { id: { type: "string", pattern: "^[0-9a-f]{16}-[0-9]{1,15}$", description: "as in the list, and in logs" } },
} as const;

const showSchema = {
  operationId: "showSession",
  tags: ["sessions"],
  summary: "A session.",
  params: idParams,
  response: { 200: sessionSchema, ...refusals(404) },
} as const;

const kickSchema = {
  operationId: "kickSession",
  tags: ["sessions"],
  summary: "Closes a session with 4500, for its client to stay away. Its game is asked whether the seat is kept, as when a client drops.",
  params: idParams,
  body: noBodySchema,
  response: { 200: { type: "object", required: ["id"], properties: { id: { type: "string" } } }, ...refusals(404) },
} as const;

const userParams = { type: "object", required: ["user"], properties: { user } } as const;

const toldSchema = { type: "object", required: ["sessions"], properties: { sessions: { type: "integer", minimum: 1 } } } as const;

const kickUserSchema = {
  operationId: "kickUser",
  tags: ["users"],
  summary: "Closes every session that the user has at this gate. 404 when there is none.",
  params: userParams,
  body: noBodySchema,
  response: { 200: toldSchema, ...refusals(404) },
} as const;

const messageSchema = {
  operationId: "messageUser",
  tags: ["users"],
  summary: "Tells the user something, by a notice to each session that he has at this gate. 404 when there is none.",
  params: userParams,
  body: {
    type: "object",
    required: ["text"],
    additionalProperties: false,
    properties: {
      text: {
        type: "string",
        minLength: 1,
        maxLength: messageCharactersMax,
        pattern: "^(?:\\n|[^\\p{Cc}\\p{Cs}])*$",
        description: "for people; no control character but line feeds",
      },
    },
  },
  response: { 200: toldSchema, ...refusals(404) },
} as const;

interface ListQuery {
  readonly limit: number;
  readonly after?: number;
  readonly user?: number;
  readonly stage?: Session["stage"];
  readonly address?: string;
  readonly game?: string;
  readonly room?: string;
}

interface SessionRoutesOptions {
  /** The gate's. */
  boot: string;
  sessions: Pick<Sessions, "all" | "get">;
}

/** Adds `/sessions` and `/users`. */
export function addSessionRoutes(server: FastifyInstance, { boot, sessions }: SessionRoutesOptions): void {
  const find = (id: string): Session | undefined =>
    id.startsWith(`${boot}-`) ? sessions.get(Number(id.slice(boot.length + 1))) : undefined;
  const nameOf = ({ id }: Session): string => `${boot}-${id}`;
  const nobody = "no such session is here";
  server.get<{ Querystring: ListQuery }>("/sessions", { schema: listSchema }, async ({ query }) => listOf(boot, sessions.all(), query));
  server.get<{ Params: { id: string } }>("/sessions/:id", { schema: showSchema }, async ({ params }, reply) => {
    const session = find(params.id);
    return session === undefined ? refuse(reply, 404, nobody) : viewOf(boot, session);
  });
  server.post<{ Params: { id: string } }>("/sessions/:id/kick", { schema: kickSchema }, async ({ params }, reply) => {
    const session = find(params.id);
    if (session === undefined) return refuse(reply, 404, nobody);
    session.close("kicked");
    return { id: nameOf(session) };
  });
  addUserRoutes(server, sessions);
}

function addUserRoutes(server: FastifyInstance, sessions: Pick<Sessions, "all">): void {
  const openOf = (who: number): Session[] => [...sessions.all()].filter((session) => session.user === who && session.isOpen);
  const nobody = "the user has no session here";
  server.post<{ Params: { user: number } }>("/users/:user/kick", { schema: kickUserSchema }, async ({ params }, reply) => {
    const open = openOf(params.user);
    if (open.length === 0) return refuse(reply, 404, nobody);
    for (const session of open) session.close("kicked");
    return { sessions: open.length };
  });
  server.post<{ Params: { user: number }; Body: MessageBody }>(
    "/users/:user/message",
    { schema: messageSchema },
    async ({ params, body: { text } }, reply) => {
      const open = openOf(params.user);
      const notice = { reason: Notice_Reason.MESSAGE, action: Notice_Action.NOTHING, deadlineMs: 0, text };
      for (const session of open) session.deliver(noticeFrame(notice));
      const told = open.filter(({ isOpen }) => isOpen).length; // a reader too slow for it was cut instead
      return told === 0 ? refuse(reply, 404, nobody) : { sessions: told };
    },
  );
}

async function listOf(boot: string, all: Iterable<Session>, { limit, after = 0, ...filters }: ListQuery): Promise<SessionsPageView> {
  const { page, next } = await pageOf(all, { limit, after, cursorOf: ({ id }) => id, isWanted: (session) => isWanted(session, filters) });
  const views = page.filter(({ stage }) => stage !== "gone").map((session) => viewOf(boot, session));
  return { sessions: views, ...(next === undefined ? {} : { next }) };
}

function isWanted(session: Session, { user, stage, address, game, room }: Omit<ListQuery, "limit" | "after">): boolean {
  const { place } = session;
  const isAsked = <Value>(value: Value, asked: Value | undefined): boolean => asked === undefined || value === asked;
  const isWho = isAsked(session.user, user) && isAsked(session.address, address);
  return isWho && isAsked(session.stage, stage) && isAsked(place?.game, game) && isAsked(place?.room, room);
}

function viewOf(boot: string, { id, user, stage, address, openedAtWallMs, place, unacknowledged }: Session): SessionView {
  const openedAt = new Date(openedAtWallMs).toISOString();
  return { id: `${boot}-${id}`, user, stage: stage as OpenStage, address, openedAt, ...place, unacknowledged };
}
