/** `Idempotency-Key` on every POST to the admin listener: what admin_repeats.ts does, as hooks. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { refuse } from "./admin_errors.ts";
import type { KeptAnswer, Repeats } from "./admin_repeats.ts";

export const idempotencyKeyPattern = "^[A-Za-z0-9_-]{1,64}$";

const key = new RegExp(idempotencyKeyPattern);

/** `roleOf`: of a request that may be answered. */
export function addRepeats(server: FastifyInstance, repeats: Repeats, roleOf: (request: FastifyRequest) => string): void {
  /** Requests that are the first of their key, until they are answered. */
  const first = new WeakMap<FastifyRequest, (answer: KeptAnswer) => void>();
  server.addHook("preHandler", async (request, reply) => {
    const given = request.headers["idempotency-key"];
    if (request.method !== "POST" || given === undefined) return;
    if (typeof given !== "string" || !key.test(given)) return void (await refuse(reply, 400, `Idempotency-Key is none: ${key.source}`));
    const begun = repeats.begin(given, [roleOf(request), request.method, request.url, request.body ?? null]);
    switch (begun.is) {
      case "new":
        first.set(request, begun.finish);
        return;
      case "repeat":
        return void (await repeat(reply, await begun.answer));
      case "other":
        return void (await refuse(reply, 422, "another request came with this Idempotency-Key"));
      case "full":
        return void (await refuse(reply.header("Retry-After", "1"), 503, "too many requests with an Idempotency-Key are under way"));
    }
  });
  server.addHook("onSend", (request, reply, payload, done) => {
    const finish = first.get(request);
    first.delete(request);
    finish?.({ status: reply.statusCode, type: String(reply.getHeader("content-type")), body: String(payload ?? "") });
    done();
  });
}

function repeat(reply: FastifyReply, { status, type, body }: KeptAnswer): FastifyReply {
  return reply.code(status).type(type).header("Idempotent-Replayed", "true").send(body);
}
