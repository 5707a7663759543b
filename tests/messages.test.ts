/** Bad messages and how often they are forgiven (PROTOCOL §1.3, §3), on real sockets. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encode, frame } from "#protocol/frame.ts";
import { Command as DiceCommand } from "#protocol/gen/dice_pb.ts";
import { Command, Int32Schema, StringSchema } from "#protocol/gen/frame_pb.ts";
import { mintToken } from "#protocol/token.ts";
import { developmentKey } from "./support/entrance.ts";
import { openHouse } from "./support/house.ts";
import { Player, sitDown } from "./support/player.ts";

test("[PROTOCOL §1] not in a room: StandUp is ignored, anything else is refused with 112 and the connection stays", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.connect(port, 1);
  player.stand();
  player.shake();
  player.send(frame(Command.PRINT));
  player.send(frame(4_000_000_000));
  assert.deepEqual(await player.hear(3), Array(3).fill("Error 112 not in a room"));
  player.sit();
  assert.deepEqual(await player.hear(2), ["SitDown 1@0", "Scene playing {}"]);
});

test("[PROTOCOL §1.3] unknown and server-only commands in a room: a refusal each", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.seated(port, 1);
  await player.hear(2);
  for (const command of [0, 1, 2, 5, 7, 20, 99, 199, 201]) {
    player.send(frame(command));
    assert.deepEqual(await player.hear(), [`Error 101 unknown command: ${command}`]);
  }
});

test("[PROTOCOL §1.3] broken protobuf and wild numbers: a refusal each", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.connect(port, 1);
  player.send(frame(Command.SIT_DOWN, new Uint8Array([0x0a, 0xff])));
  assert.deepEqual(await player.hear(), ["Error 116 bad request"]);
  player.sit();
  await player.hear(2);
  player.send(frame(DiceCommand.SHAKE, new Uint8Array([0x08])));
  player.send(encode(DiceCommand.SHAKE, Int32Schema, { v: 2 ** 31 - 1 }));
  player.send(encode(DiceCommand.SHAKE, Int32Schema, { v: -(2 ** 31) }));
  assert.deepEqual(await player.hear(3), Array(3).fill("Error 116 bad request"));
});

test("[PROTOCOL §1.3] metadata keys that are not on the list: a refusal each", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.connect(port, 1);
  for (const key of ["__proto__", "constructor", "Game_Name", "x".repeat(300), "\0"]) {
    player.sit(Object.assign(Object.create(null), { [key]: "1" }));
    assert.deepEqual(await player.hear(), ["Error 116 bad request"]);
  }
});

test("[P9][PROTOCOL §1.3] a game name not on the list is never dialled: an IP, a host name, NUL", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.connect(port, 1);
  for (const game of ["127.0.0.1", "127.0.0.1:60001", "localhost", "dice\0", "Dice", "../dice"]) {
    player.sit({ game_name: game });
    assert.deepEqual(await player.hear(), ["Error 119 unknown game"]);
  }
  player.sit({ game_name: "d".repeat(300) });
  assert.deepEqual(await player.hear(), ["Error 116 bad request"]);
});

test("[PROTOCOL §1.3] a client that keeps doing it is closed with 1008, seated or not", async (t) => {
  const { port } = await openHouse(t);
  const outside = await Player.connect(port, 1);
  const seated = await Player.seated(port, 2);
  await seated.hear(2);
  for (let i = 0; i < 30; i++) {
    outside.sit({ game_name: "nonsense" });
    seated.send(frame(77));
  }
  for (const player of [outside, seated]) assert.deepEqual(await player.closed, { code: 1008, reason: "too many bad requests" });
});

test("[PROTOCOL §1.3] one who errs now and then is not", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.seated(port, 1);
  await player.hear(2);
  for (let i = 0; i < 15; i++) player.send(frame(77));
  await player.hear(15);
  player.shake(6);
  assert.deepEqual(await player.hear(), ["Shake 1 6"]);
});

test("[PROTOCOL §6] messages per session: refused with 115, then closed with 4429", async (t) => {
  const { port } = await openHouse(t, { env: { MESSAGES_PER_SECOND: "10" } });
  const player = await Player.seated(port, 1);
  await player.hear(2);
  for (let i = 0; i < 15; i++) player.send(frame(Command.PRINT));
  assert.ok(
    (await player.hear(15)).every((line) => line.startsWith("Print")),
    "a burst of twice the rate passes",
  );
  for (let i = 0; i < 100; i++) player.send(frame(Command.PRINT));
  assert.deepEqual(await player.closed, { code: 4429, reason: "too many messages" });
  assert.equal(player.heard.filter((line) => line === "Error 115 limit reached").length, 50);
});

test("[PROTOCOL §3] sit in two rooms: refused, and the first seat stays", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.seated(port, 1, { room_id: "1" });
  await player.hear(2);
  player.sit({ room_id: "2" });
  assert.deepEqual(await player.hear(), ["Error 113 in another room"]);
  player.shake(6);
  assert.deepEqual(await player.hear(), ["Shake 1 6"]);
});

test("[PROTOCOL §3] stand while sitting down: in order, and out of the room in the end", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.connect(port, 1);
  player.sit();
  player.stand();
  player.shake();
  assert.deepEqual(await player.hear(3), ["SitDown 1@0", "Scene playing {}", "Error 112 not in a room"]);
});

test("[PROTOCOL §3] roll out of turn, room 0 or −1, seats −2 and 99 999", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.connect(port, 1);
  for (const room of ["0", "-1"]) {
    player.sit({ room_id: room });
    assert.deepEqual(await player.hear(), ["Error 116 bad request"]);
  }
  player.sit({ room_id: "1", seat: "-2" });
  assert.deepEqual(await player.hear(2), ["SitDown 1@0", "Scene playing {}"]);
  const other = await Player.seated(port, 2, { seat: "99999" });
  assert.deepEqual(await other.hear(3), ["SitDown 1@0", "SitDown 2@1", "Scene playing {}"]);
  player.shake(1);
  player.shake(2);
  assert.deepEqual(await player.hearUntil("Error"), ["SitDown 2@1", "Shake 1 1", "Error 10001 already shaken the dice"]);
});

test("[PROTOCOL §1] frames sent while entering wait and are taken in order", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.connect(port, 1);
  player.sit();
  player.shake(5);
  player.shake(6);
  player.stand();
  assert.deepEqual(await player.hear(4), ["SitDown 1@0", "Scene playing {}", "Shake 1 5", "Error 10001 already shaken the dice"]);
});

test("[P3][P7] a session's inputs keep their order however many it sends at once", async (t) => {
  const { port } = await openHouse(t, { env: { MESSAGES_PER_SECOND: "0" } });
  const player = await Player.seated(port, 1);
  await player.hear(2);
  for (let i = 0; i < 2_000; i++) player.send(i % 2 === 0 ? frame(Command.PRINT) : sitDown({}));
  const lines = await player.hear(2_000);
  assert.ok(lines.every((line, i) => line.startsWith(i % 2 === 0 ? "Print" : "Scene")));
});

test("[PROTOCOL §1.3] a new token of the same id is accepted in place; another's or a bad one is refused", async (t) => {
  const { port } = await openHouse(t);
  const player = await Player.connect(port, 1);
  const renew = async (token: string) => {
    player.send(encode(Command.TOKEN, StringSchema, { v: token }));
    return player.hear();
  };
  assert.deepEqual(await renew(await mintToken(1, developmentKey)), ["Token"]);
  assert.deepEqual(await renew(await mintToken(2, developmentKey)), ["Error 116 bad request"]);
  assert.deepEqual(await renew("x.y.z"), ["Error 116 bad request"]);
  assert.deepEqual(await renew(await mintToken(1, new Uint8Array(16))), ["Error 116 bad request"]);
});

test("[PROTOCOL §1] a session whose token expires is closed with 4401, unless it brought a new one", async (t) => {
  const { port } = await openHouse(t, { env: { PONG_TIMEOUT: "3s" } });
  const expiring = await Player.connect(port, 1, { token: await mintToken(1, developmentKey, 2) });
  const renewed = await Player.connect(port, 2, { token: await mintToken(2, developmentKey, 2) });
  renewed.send(encode(Command.TOKEN, StringSchema, { v: await mintToken(2, developmentKey, 60) }));
  assert.deepEqual(await expiring.closed, { code: 4401, reason: "token expired" });
  assert.deepEqual(await renewed.hear(), ["Token"]);
  renewed.sit();
  assert.deepEqual(await renewed.hear(2), ["SitDown 2@0", "Scene playing {}"]);
});

test("[PROTOCOL §1] Print with metadata print=true: this server's rooms and users, and nobody sits", async (t) => {
  const { port } = await openHouse(t);
  const seated = await Player.seated(port, 1, { room_id: "7" });
  await seated.hear(2);
  const curious = await Player.connect(port, 2);
  curious.sit({ print: "true" });
  assert.deepEqual(await curious.hear(), ["Print 1 rooms, 1 users\ndice room 7: users 1"]);
  curious.shake();
  assert.deepEqual(await curious.hear(), ["Error 112 not in a room"]);
});
