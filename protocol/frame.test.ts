/** Every vector of PROTOCOL §1.8, byte for byte, in both directions. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { bodyOf, commandOf, decode, encode, frame } from "./frame.ts";
import { Command as DiceCommand, SceneNoticeSchema, SettlementNoticeSchema, ShakeResponseSchema } from "./gen/dice_pb.ts";
import { Command, DisconnectReason, Int32Schema, Int64Schema, SitDownRequestSchema } from "./gen/frame_pb.ts";
import { Refused } from "./refusals.ts";
import { readSitDown } from "./sit_down.ts";
import { disconnectFrame, errorFrame, onlineFrame, sitDownFrame } from "./system_frames.ts";

const empty = new Uint8Array(0);

const vectors: [name: string, hex: string, bytes: Uint8Array][] = [
  ["StandUp", "00000004", frame(Command.STAND_UP)],
  ["Shake random", "00000067", encode(DiceCommand.SHAKE, Int32Schema, { v: 0 })],
  ["Shake preset 6", "00000067 0806", encode(DiceCommand.SHAKE, Int32Schema, { v: 6 })],
  ["DiceStart 30000", "00000066 08b0ea01", encode(DiceCommand.START, Int64Schema, { v: 30_000n })],
  ["Online −1", "00000005 08ffffffffffffffffff01", onlineFrame(1, false)],
  ["User 1 seat 0 online", "00000003 0801 1801", sitDownFrame(1, 0, true)],
  ["User 7 seat 4 online", "00000003 0807 1004 1801", sitDownFrame(7, 4, true)],
  ["Disconnect 2", "00000002 0802", disconnectFrame(DisconnectReason.REPLACED)],
  ["Disconnect 1", "00000002 0801", disconnectFrame(DisconnectReason.ROOM_DISSOLVED)],
  ["Disconnect 0", "00000002", disconnectFrame(DisconnectReason.RETRY)],
  [
    "Settlement, 1 wins with 6",
    "00000068 088827 120101 1a0408011006",
    encode(DiceCommand.SETTLEMENT, SettlementNoticeSchema, { idleDuration: 5000n, winner: [1n], dice: { "1": 6 } }),
  ],
  ["Settlement, nobody rolled", "00000068 088827", encode(DiceCommand.SETTLEMENT, SettlementNoticeSchema, { idleDuration: 5000n })],
  [
    "Scene, 30 000 ms left, 2 rolled and hidden",
    "00000065 0801 10b0ea01 1a0408021000",
    encode(DiceCommand.SCENE, SceneNoticeSchema, { status: true, leftTime: 30_000n, dice: { "2": 0 } }),
  ],
  ["Error 102", `00000001 0866 120f${Buffer.from("status mismatch").toString("hex")}`, errorFrame(new Refused("statusMismatch"), true)],
  [
    "SitDown room 1 any seat dice",
    "00000003 0a0c 0a07726f6f6d5f6964 120131 0a0a 0a0473656174 12022d31 0a11 0a0967616d655f6e616d65 120464696365",
    encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { room_id: "1", seat: "-1", game_name: "dice" } }),
  ],
];

for (const [name, hex, bytes] of vectors) {
  test(`[PROTOCOL §1.8] ${name} is written byte for byte`, () => {
    assert.equal(Buffer.from(bytes).toString("hex"), hex.replaceAll(" ", ""));
  });
}

test("[PROTOCOL §1.8] SitDown room 1 any seat dice is read in any map order", () => {
  const entries = ["0a0c0a07726f6f6d5f6964120131", "0a0a0a047365617412022d31", "0a110a0967616d655f6e616d65120464696365"];
  const orders = [entries, entries.toReversed(), [entries[1], entries[2], entries[0]]];
  for (const order of orders) {
    const request = readSitDown(Buffer.from(order.join(""), "hex"));
    assert.deepEqual([request.game, request.room, request.seat], ["dice", "1", -1]);
  }
});

test("[PROTOCOL §1.8] a scene's hidden 0 is read whether it was written or omitted", () => {
  for (const hex of ["1a0408021000", "1a020802"])
    assert.deepEqual({ ...decode(SceneNoticeSchema, Buffer.from(hex, "hex")).dice }, { "2": 0 });
});

test("[PROTOCOL §1] a hidden roll carries no points", () => {
  const bytes = encode(DiceCommand.SHAKE, ShakeResponseSchema, { userId: 7n });
  assert.equal(Buffer.from(bytes).toString("hex"), "000000670807");
});

test("[PROTOCOL §1] a frame is a 4-byte big-endian command and a body", () => {
  assert.deepEqual([...frame(0x01020304, new Uint8Array([9]))], [1, 2, 3, 4, 9]);
  assert.equal(commandOf(frame(0xfedcba98)), 0xfedcba98);
  assert.deepEqual(bodyOf(frame(101)), empty);
});

test("[PROTOCOL §1.3] a body that is no protobuf is refused as a bad request", () => {
  assert.throws(() => decode(Int32Schema, Buffer.from("08", "hex")), { name: "Refused", desc: "bad request" });
  assert.throws(() => decode(Int32Schema, Buffer.from("ffffffff", "hex")), { name: "Refused" });
});
