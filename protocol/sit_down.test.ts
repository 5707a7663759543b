/** The metadata of a sit: an allow-list, read once and strictly (PROTOCOL §1.3). */
import assert from "node:assert/strict";
import { test } from "node:test";
import { create, toBinary } from "@bufbuild/protobuf";
import { SitDownRequestSchema } from "./gen/frame_pb.ts";
import { canonicalOptions, isPrivate, isRoomId, readSitDown } from "./sit_down.ts";

function read(metadata: Record<string, string>) {
  return readSitDown(toBinary(SitDownRequestSchema, create(SitDownRequestSchema, { metadata })));
}

test("[PROTOCOL §1.3] only the game is required; the rest has defaults", () => {
  assert.deepEqual(read({ game_name: "dice" }), {
    game: "dice",
    room: undefined,
    seat: -1,
    watch: false,
    mode: "any",
    options: "",
    print: false,
  });
});

test("[PROTOCOL §1.3] every key is read, and user_id is ignored", () => {
  const all = {
    game_name: "dice",
    room_id: "9223372036854775807",
    seat: "3",
    watch: "true",
    mode: "create",
    options: '{"a":1}',
    print: "false",
  };
  assert.deepEqual(read({ ...all, user_id: "999" }), {
    game: "dice",
    room: "9223372036854775807",
    seat: 3,
    watch: true,
    mode: "create",
    options: '{"a":1}',
    print: false,
  });
});

const bad: Record<string, Record<string, string>> = {
  "a key that is not on the list": { game_name: "dice", colour: "red" },
  "the key __proto__": Object.assign(Object.create(null), { game_name: "dice", ["__proto__"]: "x" }),
  "no game": { room_id: "1" },
  "an empty game": { game_name: "" },
  "a game name of 300 characters": { game_name: "x".repeat(300) },
  "room 0": { game_name: "dice", room_id: "0" },
  "room −1": { game_name: "dice", room_id: "-1" },
  "a room with leading zeros": { game_name: "dice", room_id: "01" },
  "a room above 2^63−1": { game_name: "dice", room_id: "9223372036854775808" },
  "an empty room": { game_name: "dice", room_id: "" },
  "a seat that is no number": { game_name: "dice", seat: "first" },
  "a watch that is no flag": { game_name: "dice", watch: "yes" },
  "an unknown mode": { game_name: "dice", mode: "destroy" },
  "options that are no JSON": { game_name: "dice", options: "{" },
  "options that are no object": { game_name: "dice", options: "[1]" },
  "options above 1 KB": { game_name: "dice", options: JSON.stringify({ a: "x".repeat(1024) }) },
  "options above 1 KB once they are canonical": { game_name: "dice", options: `{"a":[${Array(200).fill("1e20")}]}` },
};

for (const [what, metadata] of Object.entries(bad)) {
  test(`[PROTOCOL §1.3] ${what}: bad request`, () => {
    assert.throws(() => read(metadata), { name: "Refused", desc: "bad request" });
  });
}

test("[PROTOCOL §3.2] seats −2, 99 999 and 9 999 999 999 are legal wishes for any seat", () => {
  const seats = ["-2", "99999", "9999999999", "-9999999999", "7"].map((seat) => read({ game_name: "dice", seat }).seat);
  assert.deepEqual(seats, [-1, -1, -1, -1, 7]);
});

test("[PROTOCOL §1.3] seat −0 is seat 0, also after it was written down", () => {
  assert.ok(Object.is(read({ game_name: "dice", seat: "-0" }).seat, 0));
});

test("[PROTOCOL §1.3] equal options are equal text, whatever their order", () => {
  assert.equal(canonicalOptions('{"b":{"y":1,"x":2},"a":[{"d":1,"c":2}]}'), canonicalOptions(' {"a":[{"c":2,"d":1}],"b":{"x":2,"y":1}} '));
  assert.equal(canonicalOptions("{}"), "");
});

test("[PROTOCOL §1] private rooms say so in their options", () => {
  assert.deepEqual([isPrivate('{"private":true}'), isPrivate('{"private":"true"}'), isPrivate("")], [true, false, false]);
});

test("[PROTOCOL §1.3] a room id is decimal from 1 to 2^63−1", () => {
  assert.deepEqual(["1", "9223372036854775807", "9223372036854775808", "1.0", "١"].map(isRoomId), [true, true, false, false, false]);
});
