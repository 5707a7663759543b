/** Limits that need real sockets: slow readers, silent clients, back-pressure to the client (P7, F9, F10). */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Game } from "#game_server/game.ts";
import { frame } from "#protocol/frame.ts";
import { mintToken } from "#protocol/token.ts";
import { patience } from "#tests/faults/measure.ts";
import { developmentKey } from "./support/entrance.ts";
import { openHouse } from "./support/house.ts";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";
import { quiet } from "./support/quiet_game.ts";
import { RawConnection } from "./support/raw.ts";

/** A game that answers command 100 with 32 000 bytes to everyone, and 101 with a short word to the sender. */
const flood: Game<unknown> = {
  ...quiet,
  name: "dice",
  seats: 4,
  open: (table) => table.startTimer("keep", 3_600_000) ?? {},
  arrive: (table, _state, player) => table.send(player.user, frame(500)),
  message: (table, _state, player, command) =>
    command === 100 ? table.sendAll(frame(501, new Uint8Array(32_000))) : table.send(player.user, frame(502)),
};

test("[P7][F10] a slow reader is cut when its queue is full, and the others read on", async (t) => {
  const { port } = await openHouse(t, { games: [flood], env: { MESSAGES_PER_SECOND: "0" } });
  const slow = await Player.seated(port, 1);
  await slow.hearUntil("500");
  const reader = await Player.seated(port, 2);
  await reader.hearUntil("500");
  slow.socket.pause();
  const started = Date.now();
  const lines: string[] = [];
  while (!lines.includes("StandUp 1")) {
    assert.ok(Date.now() - started < 10_000, `still there after ${lines.length} lines`);
    reader.send(frame(100));
    reader.send(frame(101));
    lines.push(...(await reader.hearUntil("502")));
  }
  slow.socket.resume();
  assert.equal((await slow.closed).code, 1006);
});

test("[PROTOCOL §6][F9] a client that answers no ping is closed with 4408; one that does is not", async (t) => {
  const { port } = await openHouse(t, { env: { PONG_TIMEOUT: "900ms" } });
  const talker = await Player.seated(port, 2);
  await talker.hear(2);
  const silent = await RawConnection.upgrade(port, await mintToken(1, developmentKey));
  const started = Date.now();
  assert.equal(await silent.closeCode(), 4408);
  await silent.closed();
  assert.ok(Date.now() - started < 3_000, `${Date.now() - started} ms`);
  assert.deepEqual(await talker.settle(), []);
});

test("[P7] while a game server does not acknowledge, its gate stops reading the sockets", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${server.port}`, MESSAGES_PER_SECOND: "0" });
  const player = await Player.seated(gate.port, 1);
  await player.hear(2);
  server.signal("SIGSTOP");
  for (let i = 0; i < 5_000; i++) player.send(frame(150, new Uint8Array(4_000)));
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  const framesIn = Number(/^croupier_frames_in_total\{.*\} (\d+)$/m.exec((await gate.admin("/metrics")).body)?.[1]);
  server.signal("SIGCONT");
  assert.ok(framesIn > 10 && framesIn < 100, `${framesIn} frames read`);
});

test("[F8] a gate notices a game server that stopped answering within 3 s, holds its clients, and goes on with them when it answers", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${server.port}` });
  const player = await Player.seated(gate.port, 1);
  await player.hear(2);
  const started = Date.now();
  server.signal("SIGSTOP");
  assert.deepEqual(await player.hear(), ["Notice 3/0"]);
  const noticedMs = Date.now() - started;
  player.shake(6);
  server.signal("SIGCONT");
  assert.deepEqual((await player.hear(2)).toSorted(), ["Notice 4/0", "Shake 1 6"]);
  assert.ok(noticedMs <= 3_200 * patience, `noticed after ${noticedMs} ms`);
});

test("[P7] what one turn says cuts nobody who reads, however much it is", async (t) => {
  const burst: Game<unknown> = {
    ...flood,
    message: (table) => {
      for (let at = 0; at < 20; at++) table.sendAll(frame(501, new Uint8Array(32_000)));
    },
  };
  const { serverPorts } = await openHouse(t, { games: [burst] });
  const player = await Player.seated(serverPorts[0] ?? 0, 1);
  await player.hearUntil("500");
  player.send(frame(100));
  assert.equal((await player.hear(20)).length, 20);
});

test("[PROTOCOL §1] a direct client's inputs are answered in their order, more of them than may be unacknowledged", async (t) => {
  const echo: Game<unknown> = { ...flood, message: (table, _state, player, command) => table.send(player.user, frame(command + 1000)) };
  const { serverPorts } = await openHouse(t, { games: [echo], env: { MESSAGES_PER_SECOND: "0" } });
  const player = await Player.seated(serverPorts[0] ?? 0, 1);
  await player.hearUntil("500");
  const commands = Array.from({ length: 1000 }, (_, at) => 1000 + at);
  for (const command of commands) player.send(frame(command));
  const answers = await player.hear(commands.length);
  assert.deepEqual(
    answers.map((line) => Number(/\d+/.exec(line)?.[0])),
    commands.map((command) => command + 1000),
  );
});
