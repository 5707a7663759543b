/** The client library at a real gate: what it keeps, what it gives up, and that it always ends. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import type { Game } from "#game_server/game.ts";
import { type DiceState, dice as diceRules } from "#game_server/games/dice/dice.ts";
import { dice } from "#protocol/dice.ts";
import { Command } from "#protocol/gen/frame_pb.ts";
import { mintToken } from "#protocol/token.ts";
import { developmentKey } from "#tests/support/entrance.ts";
import { openHouse } from "#tests/support/house.ts";
import { until } from "#tests/support/until.ts";
import { type Client, type ClientState, connect, isConnected, isInRoom } from "./client.ts";

interface Heard {
  readonly client: Client;
  readonly commands: number[];
  readonly states: ClientState[];
}

function open(t: TestContext, port: number, getToken: () => Promise<string> = () => mintToken(1, developmentKey)): Heard {
  const client = connect({ url: `ws://127.0.0.1:${port}`, getToken });
  const commands: number[] = [];
  const states: ClientState[] = [];
  client.on("frame", (command) => void commands.push(command));
  client.on("state", (state) => void states.push(state));
  t.after(() => client.close());
  return { client, commands, states };
}

test("[client] a sit while seated asks for the scene, and another room wants this one to be left first", async (t) => {
  const { port } = await openHouse(t);
  const { client, commands } = open(t, port);
  const room = client.sit(dice, { room: "1" });
  await until(() => isInRoom(client.state));
  assert.throws(() => client.sit(dice, { room: "2" }), { name: "CroupierError", code: "inAnotherRoom" });
  commands.length = 0;
  room.sit();
  await until(() => commands.length > 0);
  assert.ok(isInRoom(client.state));
  room.leave();
  assert.ok(room.isOver);
  client.sit(dice, { room: "2" });
  await until(() => isInRoom(client.state));
});

test("[client] who is stood up by the room has no seat, and is not seated again by a reconnect", async (t) => {
  const strict: Game<DiceState> = { ...diceRules, message: (table, _state, player) => table.standUp(player.user) };
  const { port, gate } = await openHouse(t, { games: [strict] });
  const { client, commands, states } = open(t, port);
  const room = client.sit(dice, { room: "1" });
  await until(() => isInRoom(client.state));
  room.send("shake");
  await until(() => client.state.is === "outside");
  assert.deepEqual(client.state, { is: "outside", because: "stood up" });
  assert.ok(room.isOver);
  gate.drain();
  await until(() => states.some((state) => state.is === "connecting" && state.because === "restart"));
  gate.undo();
  commands.length = 0;
  await until(() => isConnected(client.state));
  client.send(Command.PRINT);
  await until(() => commands.length > 0);
  assert.deepEqual(commands, [Command.ERROR], "not in a room");
});

test("[client] closing ends, even when the server never answers", { timeout: 20_000 }, async (t) => {
  const mute = createServer((socket) => t.after(() => socket.destroy())).listen(0, "127.0.0.1");
  await once(mute, "listening");
  t.after(() => mute.close());
  const { client, states } = open(t, (mute.address() as { port: number }).port);
  await new Promise((resolve) => setTimeout(resolve, 200));
  await client.close();
  assert.deepEqual(
    states.map(({ is }) => is),
    ["connecting", "gone"],
  );
});

test("[client] an address that is none is no missing token: nobody tries again", async (t) => {
  const client = connect({ url: "no address", getToken: () => mintToken(1, developmentKey) });
  t.after(() => client.close());
  await until(() => client.state.is === "gone");
  assert.ok(client.state.is === "gone" && client.state.because === "never let in");
  assert.match(client.state.detail, /URL/);
});

test("[client] a token that cannot be sent is told from one that is missing", async (t) => {
  const { client } = open(t, 1, async () => `${await mintToken(1, developmentKey)} \u00e9`);
  await until(() => client.state.is === "gone");
  assert.ok(client.state.is === "gone" && client.state.because === "never let in");
});

test("[client] who leaves a room and sits down in the next at once hears nothing of the last", async (t) => {
  const { port } = await openHouse(t);
  const { client } = open(t, port);
  const room = client.sit(dice, { room: "1" });
  await until(() => isInRoom(client.state));
  const other = open(t, port, () => mintToken(2, developmentKey));
  other.client.sit(dice, { room: "1" });
  await until(() => room.players.length === 2);
  room.leave();
  const next = client.sit(dice, { room: "2" });
  await until(() => isInRoom(client.state));
  assert.deepEqual([next.players.map(({ user }) => user), next.isOver], [[1n], false]);
});

test("[client] closing while a token is fetched stays closed", async (t) => {
  const { promise, reject } = Promise.withResolvers<string>();
  const { client, states } = open(t, 1, () => promise);
  await until(() => states.length > 0);
  await client.close();
  reject(new Error("no token today"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(
    states.map(({ is }) => is),
    ["connecting", "gone"],
  );
});
