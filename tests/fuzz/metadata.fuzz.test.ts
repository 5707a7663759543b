/** Fuzzes what a SitDown asks for (protocol/sit_down.ts). A piece is a body. */
import assert from "node:assert/strict";
import { create, toBinary } from "@bufbuild/protobuf";
import fc from "fast-check";
import { SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import { Refused } from "#protocol/refusals.ts";
import {
  canonicalOptions,
  gameNameCharactersMax,
  isPrivate,
  isRoomId,
  optionsBytesMax,
  readSitDown,
  type SitRequest,
} from "#protocol/sit_down.ts";
import { fuzz } from "./fuzzer.ts";

const json = fc.oneof(
  fc.json({ maxDepth: 6 }),
  fc.dictionary(fc.string(), fc.jsonValue()).map((value) => JSON.stringify(value)),
);
const numbers = fc
  .array(fc.constantFrom("1e20", "1E20", "-1e-6", "0.1", "1e400"), { maxLength: 250, size: "max" })
  .map((list) => `{"a":[${list}]}`);
const texts: Readonly<Record<string, fc.Arbitrary<string>>> = {
  game_name: fc.oneof(fc.constantFrom("dice", "", "127.0.0.1:60001", "x".repeat(300), "dice\u0000"), fc.string()),
  room_id: fc.oneof(
    fc.bigInt({ min: -2n, max: 2n ** 63n }).map(String),
    fc.constantFrom("0", "01", "9223372036854775807", "9223372036854775808"),
  ),
  seat: fc.oneof(fc.integer().map(String), fc.constantFrom("-1", "99999", "1e3", " 1", "-0")),
  watch: fc.constantFrom("true", "false", "TRUE", ""),
  mode: fc.constantFrom("any", "join", "create", "destroy"),
  options: fc.oneof(
    json,
    numbers,
    fc.constantFrom('{"private":true}', '{"__proto__":{"private":true}}', '{"a":1,"a":2}', "[".repeat(500), '{"a":'.repeat(150)),
  ),
  print: fc.constantFrom("true", "false"),
  user_id: fc.string(),
};
const known = fc.constantFrom(...Object.keys(texts)).chain((key) => fc.tuple(fc.constant(key), texts[key] ?? fc.string()));
const other = fc.tuple(fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "Game_Name")), fc.string());
const entries = fc.array(fc.oneof({ weight: 9, arbitrary: known }, { weight: 1, arbitrary: other }), { maxLength: 9 });

/** As `readSitDown` reads it: entries come in the order in which they are written, the same key more than once, too. */
function bodyOf(pairs: readonly (readonly [string, string])[]): Uint8Array {
  const bodies = pairs.map(([key, value]) => toBinary(SitDownRequestSchema, create(SitDownRequestSchema, { metadata: { [key]: value } })));
  return new Uint8Array(Buffer.concat(bodies));
}

fuzz({
  name: "metadata",
  fresh: entries.map((pairs) => [bodyOf([["game_name", "dice"], ...pairs])]),
  words: [
    ...Object.keys(texts),
    "__proto__",
    "true",
    "create",
    "-1",
    '{"private":true}',
    "9223372036854775808",
    "\n\u0002",
    "\u0012\u0004",
  ],
  take(pieces) {
    for (const body of pieces) {
      const request = read(body);
      if (request !== undefined) check(request);
    }
  },
});

/** What it asks for, or undefined where it is refused as it must be. */
function read(body: Uint8Array): SitRequest | undefined {
  const before = Uint8Array.from(body);
  try {
    return readSitDown(body);
  } catch (thrown) {
    assert.ok(thrown instanceof Refused, `something else is thrown: ${thrown}`);
    assert.equal(thrown.desc, "bad request");
    assert.ok(thrown.detail.length < 200, "a long detail");
    return undefined;
  } finally {
    assert.deepEqual(body, before, "the body is changed");
  }
}

function check(request: SitRequest): void {
  const { game, room, seat, mode, options } = request;
  assert.ok(game.length > 0 && game.length <= gameNameCharactersMax);
  assert.ok(room === undefined || isRoomId(room));
  assert.ok(Number.isInteger(seat) && seat >= -1 && seat <= 65_535);
  assert.ok(["any", "join", "create"].includes(mode));
  assert.deepEqual([typeof request.watch, typeof request.print], ["boolean", "boolean"]);
  assert.equal({}.constructor, Object, "a prototype is changed");
  if (options === "") return;
  assert.ok(Buffer.byteLength(options) <= optionsBytesMax, "canonical options are larger than options may be");
  assert.equal(canonicalOptions(options), options, "canonical options have another canonical form");
  assert.equal(typeof isPrivate(options), "boolean");
  const { room: _, ...given } = request;
  const asked = { game_name: game, seat: String(seat), watch: String(request.watch), mode, options, print: String(request.print) };
  const again = readSitDown(bodyOf(Object.entries({ ...asked, ...(room !== undefined && { room_id: room }) })));
  assert.deepEqual(again, { ...given, room }, "written down and read again it is another request");
}
