/**
 * Every field of a log line, with ECS names where ECS has one, and the type it has in Elasticsearch. Names are flat:
 * `"room.life": "…"`, never `{"room": {"life": …}}`. Operators read this list in ops/LOGS.md (a test compares them).
 */

export type FieldType = "date" | "text" | "keyword" | "integer" | "long" | "flattened";

interface Row {
  readonly type: FieldType;
  readonly about: string;
}

/** What code that logs may say. */
export interface LogFields {
  "admin.port"?: number;
  "client.address"?: string;
  "close.code"?: number;
  epoch?: number;
  "error.code"?: number | string;
  "event.duration"?: number;
  "event.reason"?: string;
  "frame.bytes"?: number;
  "frame.command"?: number;
  "game.name"?: string;
  "game.points"?: Readonly<Record<string, number>>;
  "game.text"?: string;
  "http.request.method"?: string;
  "http.response.status_code"?: number;
  "link.peer"?: string;
  "log.dropped"?: number;
  "room.id"?: string;
  "room.life"?: string;
  rooms?: number;
  seat?: number;
  "server.address"?: string;
  "session.id"?: string;
  "trace.id"?: string;
  "url.path"?: string;
  "url.port"?: number;
  "user.id"?: number | readonly number[];
  "user.roles"?: string;
  users?: number;
  /** Becomes `error.type`, `error.message` and `error.stack_trace`. */
  err?: unknown;
}

/** On every line. */
const always = {
  "@timestamp": row("date", "when, in UTC, to the millisecond"),
  message: row("text", "for people: the event, and its reason"),
  "log.level": row("keyword", "debug, info, warn or error"),
  "ecs.version": row("keyword", "of the Elastic Common Schema"),
  "service.name": row("keyword", "gate, game_server, or croupier for both in one process"),
  "service.version": row("keyword", "the release, `VERSION`"),
  "service.node.name": row("keyword", "one start of one process"),
  "event.dataset": row("keyword", "as service.name"),
  "event.action": row("keyword", "the event"),
  "host.hostname": row("keyword", "the machine, or the pod"),
  "process.pid": row("long", "the process"),
} as const satisfies Record<string, Row>;

/** On lines that have something to say of it. */
const sometimes = {
  "admin.port": row("integer", "of the admin listener"),
  "client.address": row("keyword", "where a player comes from, behind proxies that are trusted, or who asked the admin listener"),
  "close.code": row("integer", "of the WebSocket"),
  epoch: row("long", "of the life: grows with every change of owner"),
  "error.code": row("keyword", "of a refusal, or an HTTP status"),
  "event.duration": row("long", "nanoseconds: a session's length, a move's pause, a handler's time, an admin request's"),
  "event.reason": row("keyword", "why; text of a client is cut"),
  "frame.bytes": row("long", "of its body"),
  "frame.command": row("long", "which frame"),
  "game.name": row("keyword", "of the room"),
  "game.points": row("flattened", "by user"),
  "game.text": row("keyword", "what the game says"),
  "http.request.method": row("keyword", "of a request to the admin listener"),
  "http.response.status_code": row("integer", "what it was answered"),
  "link.peer": row("keyword", "who is at the other end: a gate's boot, a server's journal"),
  "log.dropped": row("long", "how many lines of this kind were left out before this one"),
  "room.id": row("keyword", "the room's name within its game"),
  "room.life": row("keyword", "one existence of the room: the same on every server it is played at"),
  rooms: row("long", "how many"),
  seat: row("integer", "the index; from the game's seats on, of a watcher"),
  "server.address": row("keyword", "of the other process"),
  "session.id": row("keyword", "the gate's boot and a counter"),
  "trace.id": row("keyword", "the same of one session at its gate and at every game server"),
  "url.path": row("keyword", "of a request to the admin listener, without its query"),
  "url.port": row("integer", "of clients"),
  "user.id": row("keyword", "one user, or a list of all whom the line concerns"),
  "user.roles": row("keyword", "of who asked the admin listener: read, operate or none"),
  users: row("long", "how many"),
} as const satisfies Record<Exclude<keyof LogFields, "err">, Row>;

const errors = {
  "error.type": row("keyword", "of what was thrown"),
  "error.message": row("text", "its message"),
  "error.stack_trace": row("text", "where"),
} as const satisfies Record<string, Row>;

export const logFields: Readonly<Record<string, Row>> = { ...always, ...sometimes, ...errors };

function row(type: FieldType, about: string): Row {
  return { type, about };
}

/** Of every line about a life. */
export function roomFields({ game, room, life, epoch }: { game: string; room: string; life: string; epoch: number }) {
  return { "game.name": game, "room.id": room, "room.life": life, epoch };
}

/** What joins the lines of one session at its gate and at the game servers; `boot` is its gate's. */
export function sessionFields(boot: string, session: number, user: number) {
  return {
    "user.id": user,
    "session.id": `${boot}-${session}`,
    "trace.id": `${boot}${session.toString(16).padStart(16, "0")}`,
  };
}

/** `event.duration` is in nanoseconds. */
export function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}
