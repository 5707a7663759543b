/** `/log-level` on the admin listener: which lines are written, and a change of that while the process runs. */
import type { FastifyInstance } from "fastify";
import type { ProcessLog } from "./log.ts";
import { logLevels } from "./settings.ts";

/** What `/log-level` answers, and takes. */
export interface LogLevelState {
  /** The least level that is logged. */
  readonly level: string;
}

const stateSchema = {
  type: "object",
  required: ["level"],
  additionalProperties: false,
  properties: { level: { enum: logLevels } },
} as const;

export function addLogLevelRoutes(server: FastifyInstance, log: ProcessLog): void {
  const about = (operationId: string) => ({ operationId, tags: ["process"], response: { 200: stateSchema } });
  const state = (): LogLevelState => ({ level: log.level });
  server.get("/log-level", { schema: { ...about("showLogLevel"), summary: "The least level that is logged." } }, async () => state());
  const summary = "Logs from this level on, until it is changed again or the process ends.";
  const change = { ...about("setLogLevel"), summary, body: stateSchema };
  server.post<{ Body: LogLevelState }>("/log-level", { schema: change }, async ({ body: { level } }) => {
    const before = log.level;
    log.level = level;
    if (level !== before) log.audit.info("log level", { "event.reason": `${level}, before that ${before}` });
    return state();
  });
}
