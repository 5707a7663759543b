/**
 * Rooms as they come from outside, from a journal or from another server: JSON that becomes a room's value only if it has
 * the shape of one. What a game keeps as its state is the game's business. Fields that are not known here belong to newer
 * releases, and are left alone.
 */
import type { GoneNote, RoomValue, StoredValue } from "./room_value.ts";

/** Where a value is not what it should be: a path of fields, "" for the value itself; undefined: nowhere. */
type Shape = (value: unknown) => string | undefined;

const u32Max = 2 ** 32 - 1;
const nameCharactersMax = 256;
/** Longer ago, or later, is no time. */
const msMax = 2 ** 53;
/** As a room's timers are never shorter (timers.ts). */
const everyMsMin = 10;
const seatsMax = 65_536;

const bool = only((value) => typeof value === "boolean");
const u32 = upTo(u32Max);
const whole = upTo(Number.MAX_SAFE_INTEGER);
const ms = only((value) => typeof value === "number" && Math.abs(value) <= msMax);
const text = only((value) => typeof value === "string");
const name = only((value) => typeof value === "string" && value !== "" && value.length <= nameCharactersMax && value !== "__proto__");
const offer = either(is(""), name);
const userId = both(
  whole,
  only((value) => value !== 0),
);
const options = only((value) => value === "" || (typeof value === "string" && isObject(parsed(value))));

const connection = { gate: name, session: u32, last: u32, after: either(is(-1), u32) };
const way = either(
  object({ is: is("offline") }),
  object({ is: is("online"), ...connection }),
  object({ is: is("absent"), sinceMs: ms, ...connection }),
);
const seat = object({ user: userId, index: upTo(2 * seatsMax), claims: only(isObject), way });
const seats = both(list(seat), only(isSeating));
const output = object({ number: u32, flags: u32, to: map(list(u32)), frame: text });
const outbox = both(object({ last: u32, kept: list(output), dropped: map(u32) }), only(isNumbered));
const timer = object({
  dueMs: ms,
  everyMs: both(
    ms,
    only((value) => value === 0 || Number(value) >= everyMsMin),
  ),
});
const passage = either(
  is(undefined),
  object({ is: is("incoming"), offer: name, from: name }),
  object({ is: is("outgoing"), offer: name, to: name }),
);

const life = { game: name, room: name, life: name, owner: name, epoch: u32, boot: u32, openedAtMs: ms };
/** Whose life it is, and why it waits: enough to keep its name for a release that can read the rest. */
const outline = object({ ...life, version: u32, offer, passage, seats: only(Array.isArray) });
const room = both(
  outline,
  object({
    ...{ playing: upTo(seatsMax), options, random: object({ key: text, drawn: whole }) },
    ...{ timers: map(timer), seats, outbox, lostGates: map(ms), isOver: bool },
  }),
);
const gone = object({ game: name, room: name, life: name, epoch: u32, to: text, came: text, left: text, atMs: ms });

/** @throws with the reason why it is no room. */
export function readRoom(value: unknown): RoomValue {
  return read<RoomValue>(room, value, "room");
}

/** @throws with the reason why it is no room. */
export function readRoomText(json: string): RoomValue {
  return readRoom(parsed(json));
}

/**
 * What a journal has of a life: a note of one that is gone, or the outline of a room, whose rest is read by `readRoom`.
 * @throws with the reason why it is neither.
 */
export function readStored(key: string, json: string): StoredValue {
  const value = parsed(json);
  const stored =
    isObject(value) && value["is"] === "gone" ? read<GoneNote>(gone, value, "note of a room") : read<RoomValue>(outline, value, "room");
  if (stored.life !== key) throw new Error("it is another life's");
  return stored;
}

function read<Value>(shape: Shape, value: unknown, what: string): Value {
  const wrong = shape(value);
  if (wrong === undefined) return value as Value;
  throw new Error(wrong === "" ? `it is no ${what}` : `it is no ${what}: ${wrong.slice(0, nameCharactersMax)}`);
}

function only(isRight: (value: unknown) => boolean): Shape {
  return (value) => (isRight(value) ? undefined : "");
}

function is(expected: unknown): Shape {
  return only((value) => value === expected);
}

/** A whole number from 0 on. */
function upTo(max: number): Shape {
  return only((value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= max);
}

function both(first: Shape, second: Shape): Shape {
  return (value) => first(value) ?? second(value);
}

/** Where all are wrong, the last one says where. */
function either(...shapes: readonly Shape[]): Shape {
  return (value) => {
    let wrong: string | undefined;
    for (const shape of shapes) {
      wrong = shape(value);
      if (wrong === undefined) return undefined;
    }
    return wrong;
  };
}

function object(fields: Readonly<Record<string, Shape>>): Shape {
  return (value) => (isObject(value) ? within(Object.entries(fields).map(([field, shape]) => [field, value[field], shape])) : "");
}

function list(item: Shape): Shape {
  return (value) => (Array.isArray(value) ? within(value.entries().map(([at, inner]) => [String(at), inner, item])) : "");
}

/** Whatever the names are, but for the one that is none. */
function map(item: Shape): Shape {
  return (value) => {
    if (!isObject(value) || Object.hasOwn(value, "__proto__")) return "";
    return within(Object.entries(value).map(([field, inner]) => [field, inner, item]));
  };
}

function within(parts: Iterable<readonly [field: string, value: unknown, shape: Shape]>): string | undefined {
  for (const [field, value, shape] of parts) {
    const wrong = shape(value);
    if (wrong !== undefined) return wrong === "" ? field : `${field}.${wrong}`;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** By ascending index, nobody twice. */
function isSeating(value: unknown): boolean {
  const all = value as RoomValue["seats"];
  const isAscending = all.every(({ index }, at) => at === 0 || index > (all[at - 1]?.index ?? 0));
  return isAscending && new Set(all.map(({ user }) => user)).size === all.length;
}

/** Numbers that ascend, up to the last one. */
function isNumbered(value: unknown): boolean {
  const { last, kept } = value as RoomValue["outbox"];
  return kept.every(({ number }, at) => number > (kept[at - 1]?.number ?? 0) && number <= last);
}

/** Undefined for what is no JSON, whose own words about it would show some of it. */
function parsed(json: unknown): unknown {
  try {
    return JSON.parse(String(json));
  } catch {
    return undefined;
  }
}
