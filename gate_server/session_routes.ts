/** `/sessions` on the admin listener: who is connected to this gate. */
import type { FastifyInstance } from "fastify";
import type { Session } from "#door/session.ts";
import type { Sessions } from "#door/sessions.ts";
import { pageOf, pageQuerySchema } from "#runtime/page.ts";

/** One page of `GET /sessions`, in the order in which they came. */
export interface SessionsPageView {
  readonly sessions: readonly { readonly id: string; readonly user: number; readonly stage: Session["stage"] }[];
  /** For `after` of the next page; left out on the last one. */
  readonly next?: number;
}

const listSchema = {
  summary: "The sessions of this gate, oldest first.",
  querystring: pageQuerySchema({ type: "integer", minimum: 0, description: "`next` of the page before" }),
  response: {
    200: {
      type: "object",
      required: ["sessions"],
      properties: {
        sessions: {
          type: "array",
          items: { type: "object", properties: { id: { type: "string" }, user: { type: "integer" }, stage: { type: "string" } } },
        },
        next: { type: "integer" },
      },
    },
  },
} as const;

/** Adds `/sessions`; `boot` is the gate's. */
export function addSessionRoutes(server: FastifyInstance, { boot, sessions }: { boot: string; sessions: Sessions }): void {
  server.get<{ Querystring: { limit: number; after?: number } }>("/sessions", { schema: listSchema }, async ({ query }) =>
    listOf(boot, sessions, query.limit, query.after ?? 0),
  );
}

function listOf(boot: string, sessions: Sessions, limit: number, after: number): SessionsPageView {
  const { page, next } = pageOf(
    [...sessions.all()].filter(({ id }) => id > after),
    limit,
    ({ id }) => id,
  );
  const views = page.map(({ id, user, stage }) => ({ id: `${boot}-${id}`, user, stage }));
  return { sessions: views, ...(next === undefined ? {} : { next }) };
}
