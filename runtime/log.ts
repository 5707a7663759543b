/**
 * The log: ECS JSON on standard output, one line per event, with event names and fields
 * from the two closed lists below, so that a query written once keeps finding its lines.
 * No event carries a token, a key or a query string, at any level; text that came from a
 * client is cut, and JSON keeps its line breaks inside the line.
 */
import { ecsFormat } from "@elastic/ecs-pino-format";
import pino from "pino";

/** Every event there is: `event.action`. */
export type LogEvent =
  | "start"
  | "ready"
  | "warning"
  | "peer up"
  | "peer down"
  | "move start"
  | "move end"
  | "move back"
  | "room arrive"
  | "drain start"
  | "drain undo"
  | "drain deadline"
  | "park all"
  | "dissolve all"
  | "stop"
  | "journal wait"
  | "journal damage"
  | "journal full"
  | "journal heal"
  | "room restore"
  | "room unreadable"
  | "inputs forgotten"
  | "outputs gone"
  | "room held"
  | "room resumed"
  | "room lost"
  | "room open"
  | "room dissolve"
  | "room crash"
  | "handler slow"
  | "handler stuck"
  | "sit"
  | "come back"
  | "stand"
  | "drop"
  | "game"
  | "settle"
  | "refusal"
  | "upgrade refusal"
  | "session open"
  | "session close"
  | "link up"
  | "link down"
  | "link refusal"
  | "lookup failure"
  | "directory conflict"
  | "directory forgot"
  | "redis up"
  | "redis down"
  | "redis failure"
  | "redis alarm"
  | "kubernetes up"
  | "kubernetes down"
  | "lease lapse"
  | "failure";

/** Every field there is, with ECS names where ECS has one. */
export interface LogFields {
  "admin.port"?: number;
  "client.address"?: string;
  "close.code"?: number;
  "duration.ms"?: number;
  "error.code"?: number | string;
  "event.reason"?: string;
  "game.name"?: string;
  "game.points"?: Readonly<Record<string, number>>;
  "game.text"?: string;
  "link.peer"?: string;
  "room.id"?: string;
  "room.life"?: string;
  rooms?: number;
  seat?: number;
  "server.address"?: string;
  "session.id"?: string;
  "url.port"?: number;
  "user.id"?: number;
  users?: number;
  err?: unknown;
}

/** Longest text of one field, in characters. */
export const fieldCharactersMax = 512;

/** What code that logs asks for. */
export interface Log {
  debug(event: LogEvent, fields?: LogFields): void;
  info(event: LogEvent, fields?: LogFields): void;
  warn(event: LogEvent, fields?: LogFields): void;
  error(event: LogEvent, fields?: LogFields): void;
  /** A log whose every line carries `fields`. */
  with(fields: LogFields): Log;
}

interface LogOptions {
  /** `service.name`: gate, game_server or croupier. */
  service: string;
  version: string;
  level: string;
  /** `service.node.name`: one start of one process. */
  node: string;
}

/** The process's log. Lines are written before the call returns, so none is lost at exit. */
export function openLog({ service, version, level, node }: LogOptions): Log {
  const format = ecsFormat({ serviceName: service, serviceVersion: version, serviceNodeName: node });
  return new PinoLog(pino({ ...format, level }, pino.destination({ fd: 1, sync: true })));
}

class PinoLog implements Log {
  readonly #pino: pino.Logger;

  constructor(logger: pino.Logger) {
    this.#pino = logger;
  }

  debug(event: LogEvent, fields: LogFields = {}): void {
    this.#write("debug", event, fields);
  }

  info(event: LogEvent, fields: LogFields = {}): void {
    this.#write("info", event, fields);
  }

  warn(event: LogEvent, fields: LogFields = {}): void {
    this.#write("warn", event, fields);
  }

  error(event: LogEvent, fields: LogFields = {}): void {
    this.#write("error", event, fields);
  }

  with(fields: LogFields): Log {
    return new PinoLog(this.#pino.child(cut(fields)));
  }

  #write(level: "debug" | "info" | "warn" | "error", event: LogEvent, fields: LogFields): void {
    if (!this.#pino.isLevelEnabled(level)) return;
    const reason = fields["event.reason"];
    this.#pino[level]({ event: { action: event }, ...cut(fields) }, reason === undefined ? event : `${event}: ${cutText(reason)}`);
  }
}

/** The log of tests and tools that want none. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  with: () => silentLog,
};

function cut(fields: LogFields): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, typeof value === "string" ? cutText(value) : value]));
}

function cutText(text: string): string {
  return text.length > fieldCharactersMax ? `${text.slice(0, fieldCharactersMax)}…` : text;
}
