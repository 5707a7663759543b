/**
 * Pages of other origins at the admin listener (CORS): those of `ADMIN_ORIGINS` may ask it
 * and read its answers, so that an operator's page can show several processes. A page brings
 * its token itself, never a cookie; who may do what is admin_roles.ts' to say. A library's
 * preflight would answer before our own 401, 403 and 405, and in a shape that is not ours.
 *
 *     preflight of a listed origin ──> 204: what may be asked       any other one ──> as without this file: refused
 *     its requests                 ──> answered, and it may read     others' ──> answered, and the browser keeps it from the page
 */
import type { FastifyReply, FastifyRequest } from "fastify";

/** What the operator's page sends; for so long a browser asks no second time. */
const allowed = {
  "Access-Control-Allow-Methods": "GET, POST, DELETE",
  "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
  "Access-Control-Max-Age": "600",
};

/** Says in `reply` what the page that asks may do. True: that is all, it was a preflight, and it is answered. */
export async function letIn({ method, headers }: FastifyRequest, reply: FastifyReply, origins: readonly string[]): Promise<boolean> {
  const { origin } = headers;
  if (origins.length > 0) reply.header("Vary", "Origin");
  if (origin === undefined || !origins.includes(origin)) return false;
  reply.header("Access-Control-Allow-Origin", origin);
  if (method !== "OPTIONS" || headers["access-control-request-method"] === undefined) return false;
  await reply.code(204).headers(allowed).send();
  return true;
}
