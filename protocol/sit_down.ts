/**
 * What a SitDown asks for: the metadata of a SitDownRequest turned into a typed request,
 * once, at the door. Keys are an allow-list; whatever is not on it is refused, so that a
 * client learns of its typo and nothing unknown travels further (PROTOCOL §1.3).
 */
import { decode } from "./frame.ts";
import { SitDownRequestSchema } from "./gen/frame_pb.ts";
import { Refused } from "./refusals.ts";

export const gameNameCharactersMax = 64;
export const optionsBytesMax = 1024;

/** Seat for "any": the lowest free one. */
export const anySeat = -1;
/** No room has more seats. */
const seatMax = 65_535;

export interface SitRequest {
  /** `game_name`, not yet looked up: it is compared with a list, never dialled (P9). */
  readonly game: string;
  /** Decimal 1…2^63−1 without leading zeros; undefined asks for a match. */
  readonly room: string | undefined;
  /** The seat index asked for, which the room may not have, or `anySeat`. */
  readonly seat: number;
  readonly watch: boolean;
  readonly mode: "any" | "join" | "create";
  /** Canonical JSON (sorted keys) or "": what the game's `open` gets and matching compares. */
  readonly options: string;
  /** The answer is a Print, and nobody sits. */
  readonly print: boolean;
}

type Reader = (value: string) => Partial<SitRequest>;

const readers: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["game_name", (value) => ({ game: readGameName(value) })],
  ["room_id", (value) => ({ room: readRoomId(value) })],
  ["seat", (value) => ({ seat: readSeat(value) })],
  ["watch", (value) => ({ watch: readFlag("watch", value) })],
  ["mode", (value) => ({ mode: readMode(value) })],
  ["options", (value) => ({ options: canonicalOptions(value) })],
  ["print", (value) => ({ print: readFlag("print", value) })],
  ["user_id", () => ({})], // identity comes from the token only
]);

/**
 * Reads the body of a SitDown.
 * @throws {Refused} `badRequest` for broken protobuf, an unknown key or a bad value.
 */
export function readSitDown(body: Uint8Array): SitRequest {
  const { metadata } = decode(SitDownRequestSchema, body);
  let request: SitRequest = { game: "", room: undefined, seat: anySeat, watch: false, mode: "any", options: "", print: false };
  for (const [key, value] of Object.entries(metadata)) {
    const read = readers.get(key);
    if (read === undefined) throw bad(`unknown metadata key ${quote(key)}`);
    request = { ...request, ...read(value) };
  }
  if (request.game === "") throw bad("game_name is missing");
  return request;
}

/** Whether `id` is a room id: decimal 1…2^63−1 without leading zeros. */
export function isRoomId(id: string): boolean {
  return /^[1-9][0-9]{0,18}$/.test(id) && BigInt(id) < 1n << 63n;
}

/** The options as canonical JSON: an object with sorted keys, so that equal options are equal text. None is "". */
export function canonicalOptions(text: string): string {
  refuseLarge(text);
  let options: unknown;
  try {
    options = JSON.parse(text);
  } catch (cause) {
    throw new Refused("badRequest", { detail: "options are no JSON", cause });
  }
  if (typeof options !== "object" || options === null || Array.isArray(options)) throw bad("options are no JSON object");
  const canonical = JSON.stringify(sortKeys(options));
  refuseLarge(canonical); // 1e20 is 4 characters, and 21 when it is written out
  return canonical === "{}" ? "" : canonical;
}

function refuseLarge(options: string): void {
  if (Buffer.byteLength(options) > optionsBytesMax) throw bad(`options are larger than ${optionsBytesMax} bytes`);
}

/** Whether canonical options hold `"private":true`: never matched, never listed. */
export function isPrivate(options: string): boolean {
  return options !== "" && (JSON.parse(options) as { private?: unknown }).private === true;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sortKeys(inner)]),
  );
}

function readGameName(value: string): string {
  if (value.length === 0 || value.length > gameNameCharactersMax) throw bad("game_name is empty or too long");
  return value;
}

function readRoomId(value: string): string {
  if (!isRoomId(value)) throw bad("room_id is no decimal number from 1 to 2^63-1 without leading zeros");
  return value;
}

/** Any whole number is legal; what can be no seat of any room asks for any (PROTOCOL §3.2). */
function readSeat(value: string): number {
  if (!/^-?[0-9]{1,10}$/.test(value)) throw bad("seat is no whole number");
  const seat = Number(value) + 0; // "-0" is 0, which JSON would make of it anyway
  return seat >= 0 && seat <= seatMax ? seat : anySeat;
}

function readFlag(key: string, value: string): boolean {
  if (value !== "true" && value !== "false") throw bad(`${key} is neither true nor false`);
  return value === "true";
}

function readMode(value: string): SitRequest["mode"] {
  if (value !== "any" && value !== "join" && value !== "create") throw bad("mode is none of any, join, create");
  return value;
}

function bad(detail: string): Refused {
  return new Refused("badRequest", { detail });
}

function quote(text: string): string {
  return JSON.stringify(text.slice(0, 40));
}
