/**
 * `croupier logs`: lines of our processes for people, from `kubectl logs`, `docker compose logs` or files, as they come.
 * What stands before a line, such as `[pod/dice-0/game] `, stays. What is no line of ours passes, unless
 * a filter is given.
 */
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import { logEvents } from "#runtime/log_events.ts";
import { openReadable, readLine, visible } from "#runtime/log_readable.ts";
import { logLevels, SettingError } from "#runtime/settings.ts";
import type { Given } from "./command.ts";
import type { FlagValues } from "./flags.ts";
import { Trouble } from "./words.ts";

/** Longer ones are no line of ours. */
const lineCharactersMax = 1024 * 1024;

type Fields = Readonly<Record<string, unknown>>;

/** Which lines are shown; without any: all. `user`: an id; `room`: a life, or a game and a room; `event`: names with commas between them; `level`: the least. */
type LogFilter = Pick<FlagValues, "user" | "room" | "event" | "level">;

/** `logs`: of these files, or of standard input. `--json`: as they came. */
export async function showLogs({ operands: files, flags: { json = false, ...filter } }: Given): Promise<void> {
  const shown = shower(filter, json);
  for (const source of files.length === 0 ? [process.stdin] : files.map((file) => createReadStream(file))) {
    for await (const line of linesOf(source)) {
      const text = shown(line);
      if (text !== undefined && !process.stdout.write(`${text}\n`)) await once(process.stdout, "drain");
    }
  }
}

/** What is shown of a line; undefined: nothing. */
function shower(filter: LogFilter, json: boolean): (line: string) => string | undefined {
  const isMeant = filterOf(filter);
  const isFiltered = Object.values(filter).some((value) => value !== undefined);
  const readable = openReadable({ colors: process.stdout.isTTY === true && process.env["NO_COLOR"] === undefined });
  return (line) => {
    const at = Math.max(0, line.indexOf("{"));
    const fields = readLine(line.slice(at));
    if (fields === undefined) return isFiltered ? undefined : visible(line);
    if (!isMeant(fields)) return undefined;
    return json ? line : `${line.slice(0, at)}${readable(line.slice(at))}`;
  };
}

/** @throws {SettingError} for what no line can be. */
function filterOf({ user, room, event, level }: LogFilter): (fields: Fields) => boolean {
  const events = event?.split(",");
  const unknown = events?.find((name) => !Object.hasOwn(logEvents, name));
  if (unknown !== undefined) throw new SettingError(`there is no event ${JSON.stringify(unknown)}.`);
  const levels: readonly string[] = logLevels;
  if (level !== undefined && !levels.includes(level)) throw new SettingError(`--level must be one of ${levels.join(", ")}.`);
  const least = level === undefined ? 0 : levels.indexOf(level);
  return (fields) => {
    if (user !== undefined && ![fields["user.id"]].flat().map(String).includes(user)) return false;
    if (room !== undefined && room !== fields["room.life"] && room !== `${fields["game.name"]}/${fields["room.id"]}`) return false;
    if (events !== undefined && !events.includes(String(fields["event.action"]))) return false;
    return levels.indexOf(String(fields["log.level"])) >= least;
  };
}

/** Each line when it is whole, and the last one without an end. */
async function* linesOf(source: NodeJS.ReadableStream): AsyncGenerator<string> {
  const decoder = new StringDecoder();
  let rest = "";
  try {
    for await (const chunk of source) {
      const lines = (rest + decoder.write(chunk as Buffer)).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > lineCharactersMax) lines.push(rest);
      if (rest.length > lineCharactersMax) rest = "";
      yield* lines.map((line) => line.replace(/\r$/, ""));
    }
  } catch (cause) {
    throw new Trouble(`it cannot be read: ${cause instanceof Error ? cause.message : cause}.`, { cause });
  }
  if (rest !== "") yield rest;
}
