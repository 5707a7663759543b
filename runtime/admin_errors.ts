/** How the admin listener refuses: one shape of error, whatever went wrong. */
import { STATUS_CODES } from "node:http";
import type { FastifyReply } from "fastify";

/** What every answer but a good one is. */
export interface RefusalView {
  /** The HTTP status, and its words. */
  readonly statusCode: number;
  readonly error: string;
  /** For people: one sentence. */
  readonly message: string;
}

export function refusalOf(statusCode: number, message: string): RefusalView {
  return { statusCode, error: STATUS_CODES[statusCode] ?? "Error", message };
}

export function refuse(reply: FastifyReply, statusCode: number, message: string): FastifyReply {
  return reply.code(statusCode).type("application/json; charset=utf-8").serializer(JSON.stringify).send(refusalOf(statusCode, message));
}
