/** How the admin listener refuses: one shape of error, whatever went wrong. */
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { FastifyReply } from "fastify";
import { statusOfClientError } from "./client_error.ts";

/** What every answer but a good one is. */
export interface RefusalView {
  /** The HTTP status, and its words. */
  readonly statusCode: number;
  readonly error: string;
  /** For people: one sentence. */
  readonly message: string;
}

export const refusalSchema = {
  type: "object",
  required: ["statusCode", "error", "message"],
  additionalProperties: false,
  properties: {
    statusCode: { type: "integer", description: "the HTTP status" },
    error: { type: "string", description: "its words" },
    message: { type: "string", description: "for people" },
  },
} as const;

const refusalType = "application/json; charset=utf-8";

/** What a route's description says of its own refusals, beside those that every route has. */
export function refusals<const Status extends number>(...statuses: Status[]): Record<Status, typeof refusalSchema> {
  return Object.fromEntries(statuses.map((status) => [status, refusalSchema])) as Record<Status, typeof refusalSchema>;
}

export function refuse(reply: FastifyReply, statusCode: number, message: string): FastifyReply {
  return reply.code(statusCode).type(refusalType).send(refusalText(statusCode, message));
}

/** Of what is no request: no route hears of it. Whoever has been answered on this connection before is cut. */
export function refuseOnSocket(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || socket.bytesWritten > 0) {
    socket.destroy();
    return;
  }
  const status = statusOfClientError(error) ?? 400;
  const body = refusalText(status, "this is no HTTP request that is answered here");
  const headers = `Content-Type: ${refusalType}\r\nContent-Length: ${body.length}\r\nConnection: close`;
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${headers}\r\n\r\n${body}`, () => socket.destroy());
}

function refusalText(statusCode: number, message: string): string {
  const refusal: RefusalView = { statusCode, error: STATUS_CODES[statusCode] ?? "Error", message };
  return JSON.stringify(refusal);
}
