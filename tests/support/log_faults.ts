/** What is wrong with the lines of a log: events and fields that are in no list, wrong levels and types, lines that do not say whom they are about. */
import { type LogLevel, logEvents } from "#runtime/log_events.ts";
import { type FieldType, logFields } from "#runtime/log_fields.ts";

type Fields = Readonly<Record<string, unknown>>;

const ofRoom = ["game.name", "room.id", "room.life", "epoch"];
const ofSession = ["user.id", "session.id", "trace.id"];
const always = Object.keys(logFields).slice(0, Object.keys(logFields).indexOf("process.pid") + 1);

/** Fields that each line of an event has beside those that every line has. */
const needed: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(["session open", "session close", "refusal"].map((event) => [event, ofSession])),
  ...Object.fromEntries(["sit", "come back", "input"].map((event) => [event, [...ofRoom, ...ofSession, "seat"]])),
  ...Object.fromEntries(["stand", "drop"].map((event) => [event, [...ofRoom, "user.id", "seat"]])),
  ...Object.fromEntries(
    Object.keys(logEvents)
      .filter((event) => /^(room|move|game$|claim|inputs|outputs)/.test(event))
      .map((event) => [event, ofRoom]),
  ),
  settle: [...ofRoom, "user.id", "game.points"],
};

const isOf: Readonly<Record<FieldType, (value: unknown) => boolean>> = {
  date: (value) => typeof value === "string" && new Date(value).toISOString() === value,
  text: (value) => typeof value === "string",
  keyword: (value) => typeof value === "string" || Number.isSafeInteger(value),
  integer: (value) => Number.isInteger(value) && Math.abs(value as number) < 2 ** 31,
  long: (value) => Number.isSafeInteger(value),
  flattened: (value) => typeof value === "object" && value !== null && Object.values(value).every((each) => typeof each === "number"),
};

/** One sentence for each fault; lines that are none of ours have none. */
export function faultsIn(lines: readonly string[]): string[] {
  return lines.flatMap((line) => {
    const fields = readFields(line);
    return fields === undefined ? [] : faultsOf(fields).map((fault) => `${fault}: ${line}`);
  });
}

function readFields(line: string): Fields | undefined {
  if (!line.startsWith("{") || !line.includes('"event.action"')) return undefined;
  try {
    return JSON.parse(line) as Fields;
  } catch {
    return undefined; // the last one of a killed process
  }
}

function faultsOf(fields: Fields): string[] {
  const event = String(fields["event.action"]);
  const levels: readonly LogLevel[] | undefined = Object.hasOwn(logEvents, event)
    ? logEvents[event as keyof typeof logEvents].levels
    : undefined;
  if (levels === undefined) return [`no event ${event} in the list`];
  const missing = [...always, ...(needed[event] ?? [])].filter((name) => !(name in fields));
  const wrong = Object.entries(fields).filter(([name, value]) => !isMeant(name, value));
  return [
    ...(levels.includes(fields["log.level"] as LogLevel) ? [] : [`${event} is never ${fields["log.level"]}`]),
    ...missing.map((name) => `no ${name}`),
    ...wrong.map(([name]) => `${name} is in no list, or of another type`),
  ];
}

/** Only users are lists. */
function isMeant(name: string, value: unknown): boolean {
  const type = logFields[name]?.type;
  if (type === undefined) return false;
  return name === "user.id" && Array.isArray(value) ? value.every(isOf.keyword) : isOf[type](value);
}
