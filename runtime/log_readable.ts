/**
 * Log lines for people, through pino-pretty: the time, the level, the event, and what the line says beside what is the
 * same on all of them. Control characters that came from a client are shown, not obeyed.
 *
 *     [14:03:22.123] INFO (game_server): sit room=dice/1 room.life=5b… epoch=1 seat=0 user.id=7 session.id=f1…-12
 */
import { prettyFactory } from "pino-pretty";

/** The same on every line of a process, or shown elsewhere in it. */
const hidden: ReadonlySet<string> = new Set([
  ...["@timestamp", "message", "log.level", "ecs.version", "service.name", "service.version", "service.node.name", "event.dataset"],
  ...["event.action", "event.reason", "host.hostname", "process.pid", "trace.id", "game.name", "room.id"],
  ...["error.type", "error.message", "error.stack_trace"],
]);

type Fields = Readonly<Record<string, unknown>>;

/** Gives a function from a line of JSON, without its end, to lines for people, without theirs; undefined for what is no line of ours. */
export function openReadable({ colors }: { colors: boolean }): (line: string) => string | undefined {
  const pretty = prettyFactory({
    ...{ colorize: colors, hideObject: true, levelKey: "level", messageKey: "message", timestampKey: "time" },
    translateTime: "SYS:HH:MM:ss.l",
  });
  return (line) => {
    const fields = readLine(line);
    if (fields === undefined) return undefined;
    const { "@timestamp": time, "log.level": level, "service.name": name } = fields;
    const shown = pretty({ ...{ time, level, name }, message: messageOf(fields) }) ?? "";
    const stack = fields["error.stack_trace"];
    return typeof stack === "string" ? `${shown}${stack.split("\n").map(visible).join("\n")}` : shown.trimEnd();
  };
}

/** A line of a log of ours; undefined: it is none. */
export function readLine(line: string): Fields | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const fields = JSON.parse(line) as Fields;
    return typeof fields["event.action"] === "string" ? fields : undefined;
  } catch {
    return undefined;
  }
}

/** Control characters, and others that move what is shown, as they would be written in JSON. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function messageOf(fields: Fields): string {
  const { "game.name": game, "room.id": room } = fields;
  const place = game === undefined ? [] : [`room=${game}/${room}`];
  const others = Object.entries(fields).filter(([name]) => !hidden.has(name));
  const said = others.map(([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`);
  return [fields["message"], ...place, ...said].map((part) => visible(String(part))).join(" ");
}
