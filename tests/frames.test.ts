/** Bad WebSocket frames and the close codes they end in (PROTOCOL §1.2), byte by byte. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { frame } from "#protocol/frame.ts";
import { mintToken } from "#protocol/token.ts";
import { developmentKey } from "./support/entrance.ts";
import { openHouse } from "./support/house.ts";
import { Player } from "./support/player.ts";
import { RawConnection, webSocketFrame } from "./support/raw.ts";

const binary = 0x82;
const finish = 0x80;
const text = 0x81;

async function upgraded(t: TestContext) {
  const { port } = await openHouse(t);
  const bystander = await Player.seated(port, 2);
  await bystander.hear(2);
  return { connection: await RawConnection.upgrade(port, await mintToken(1, developmentKey)), bystander };
}

const standUp = frame(4);

const cases: [what: string, bytes: Uint8Array[], code: number][] = [
  ["unmasked", [webSocketFrame(binary, standUp, { masked: false })], 1002],
  ["a reserved bit", [webSocketFrame(binary | 0x40, standUp)], 1002],
  ["a bad opcode", [webSocketFrame(0x83, standUp)], 1002],
  ["a bad control opcode", [webSocketFrame(0x8b, standUp)], 1002],
  ["a continuation of nothing", [webSocketFrame(finish, standUp)], 1002],
  ["a new message inside a fragmented one", [webSocketFrame(0x02, standUp), webSocketFrame(binary, standUp)], 1002],
  ["a fragmented control frame", [webSocketFrame(0x09, standUp)], 1002],
  ["an empty message", [webSocketFrame(binary, new Uint8Array(0))], 1002],
  ["a message under 4 bytes", [webSocketFrame(binary, new Uint8Array(3))], 1002],
  ["a message that says at its header that it is too large", [webSocketFrame(binary, new Uint8Array(0), { length: 32_769 })], 1009],
  ["fragments that grow too large", [webSocketFrame(0x02, new Uint8Array(20_000)), webSocketFrame(finish, new Uint8Array(20_000))], 1009],
  ["too many fragments", [webSocketFrame(0x02, standUp), ...Array.from({ length: 17 }, () => webSocketFrame(0x00, standUp))], 1008],
  ["text", [webSocketFrame(text, Buffer.from("hello"))], 1003],
  ["text that is no UTF-8", [webSocketFrame(text, new Uint8Array([0xff, 0xfe]))], 1003],
];

for (const [what, bytes, code] of cases) {
  test(`[PROTOCOL §1.2] ${what}: closed with ${code}, and nobody else is hurt`, async (t) => {
    const { connection, bystander } = await upgraded(t);
    for (const each of bytes) connection.write(each);
    assert.equal(await connection.closeCode(), code);
    await connection.closed();
    assert.deepEqual(await bystander.settle(), []);
  });
}

test("[PROTOCOL §1] a message of exactly 32 768 bytes passes", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.connect(port, 1);
  player.send(frame(150, new Uint8Array(32_764)));
  assert.deepEqual(await player.hear(), ["Error 112 not in a room"]);
});

test("[PROTOCOL §1] a close of the client is answered with its code", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.connect(port, 1);
  assert.deepEqual(await player.close(), { code: 1000, reason: "" });
});
