/**
 * `/drain` on the admin listener: how far this process is on its way out of service, the
 * first signal by HTTP, and its undoing. A POST is never a second signal (P6).
 */
import type { FastifyInstance } from "fastify";
import { noBodySchema } from "./admin_description.ts";
import { refusals, refuse } from "./admin_errors.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { DrainKind, DrainState, Load, Stage } from "./process_views.ts";

interface Leaver {
  readonly drainKind: DrainKind;
  readonly load: Load;
  readonly waitsFor: string;
}

const stateSchema = {
  type: "object",
  required: ["stage", "kind", "rooms", "players", "sessions", "waitsFor"],
  properties: {
    stage: { enum: ["serving", "draining", "dissolving", "gone"] satisfies Stage[] },
    kind: {
      enum: ["move", "park", "wait", "close"] satisfies DrainKind[],
      description: "what becomes of rooms, or of a gate's sessions; in service, what a drain would do",
    },
    deadlineLeftMs: { type: "number", description: "until what is left is parked or dissolved" },
    rooms: { type: "integer" },
    players: { type: "integer" },
    sessions: { type: "integer" },
    waitsFor: { type: "string" },
  },
} as const;

/** Adds `/drain` for a process with this lifecycle. */
export function addDrainRoutes(
  server: FastifyInstance,
  lifecycle: Pick<Lifecycle, "stage" | "leftMs" | "drain" | "undo">,
  leaver: Leaver,
): void {
  const state = (): DrainState => {
    const { stage, leftMs } = lifecycle;
    const deadline = leftMs === undefined ? {} : { deadlineLeftMs: Math.round(leftMs) };
    return { stage, kind: leaver.drainKind, ...deadline, ...leaver.load, waitsFor: stage === "serving" ? "" : leaver.waitsFor };
  };
  const about = (operationId: string) => ({ operationId, tags: ["process"], response: { 200: stateSchema } });
  server.get("/drain", { schema: { ...about("showDrain"), summary: "How far the process is on its way out of service." } }, async () =>
    state(),
  );
  const start = { ...about("startDrain"), summary: "Starts a drain. Again: changes nothing.", body: noBodySchema };
  server.post("/drain", { schema: start }, async () => {
    lifecycle.drain();
    return state();
  });
  const undone = { 200: stateSchema, ...refusals(409) };
  const undo = { ...about("undoDrain"), summary: "Takes a drain back. 409 when there is none, or it is too late.", response: undone };
  server.delete("/drain", { schema: undo }, async (_request, reply) => {
    const { stage } = lifecycle;
    if (lifecycle.undo()) return state();
    const message =
      stage === "serving" ? "there is no drain to take back" : "it is too late: what was here is gone, parked or being dissolved";
    return refuse(reply, 409, message);
  });
}
