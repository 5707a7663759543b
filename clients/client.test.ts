/** The client library: what it keeps, what it gives up, and that it always ends. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { type TestContext, test } from "node:test";
import type { Game } from "#game_server/game.ts";
import { type DiceState, dice } from "#game_server/games/dice/dice.ts";
import { Command } from "#protocol/gen/frame_pb.ts";
import { mintToken } from "#protocol/token.ts";
import { developmentKey } from "#tests/support/entrance.ts";
import { openHouse } from "#tests/support/house.ts";
import { Client, type ClientState } from "./client.ts";

interface Heard {
  readonly client: Client;
  readonly commands: number[];
  readonly states: ClientState[];
}

function openClient(t: TestContext, port: number, token: () => Promise<string> = () => mintToken(1, developmentKey)): Heard {
  const commands: number[] = [];
  const states: ClientState[] = [];
  const client = new Client({
    url: `ws://127.0.0.1:${port}`,
    token,
    onFrame: (command) => commands.push(command),
    onState: (state) => states.push(state),
  });
  t.after(() => client.close());
  return { client, commands, states };
}

async function until(isSo: () => boolean, withinMs = 5000): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!isSo()) {
    assert.ok(Date.now() < deadline, "waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const here = { game_name: "dice", room_id: "1" };

test("[client] a sit while seated asks for the scene, and a refused one for another room changes nothing", async (t) => {
  const { port } = await openHouse(t);
  const { client, commands } = openClient(t, port);
  client.sit(here);
  await until(() => client.isSeated);
  client.sit({ ...here, room_id: "2" });
  await until(() => commands.includes(Command.ERROR));
  assert.ok(client.isSeated);
  commands.length = 0;
  client.sit(here);
  await until(() => commands.length > 0);
  assert.ok(client.isSeated);
});

test("[client] who is stood up by the room has no seat, and is not seated again by a reconnect", async (t) => {
  const strict: Game<DiceState> = { ...dice, message: (table, _state, player) => table.standUp(player.user) };
  const { port, gate } = await openHouse(t, { games: [strict] });
  const { client, commands, states } = openClient(t, port);
  client.sit(here);
  await until(() => client.isSeated);
  client.send(100);
  await until(() => commands.includes(Command.STAND_UP));
  assert.ok(!client.isSeated);
  gate.drain();
  await until(() => states.some(({ is }) => is === "waiting"));
  gate.undo();
  commands.length = 0;
  await until(() => client.state.is === "connected");
  client.send(Command.PRINT);
  await until(() => commands.length > 0);
  assert.deepEqual(commands, [Command.ERROR], "not in a room");
});

test("[client] closing ends, even when the server never answers", { timeout: 20_000 }, async (t) => {
  const mute = createServer((socket) => t.after(() => socket.destroy())).listen(0, "127.0.0.1");
  await once(mute, "listening");
  t.after(() => mute.close());
  const { client } = openClient(t, (mute.address() as { port: number }).port);
  await new Promise((resolve) => setTimeout(resolve, 200));
  client.close();
  await until(() => client.state.is === "closed");
});

test("[client] closing while a token is fetched stays closed", async (t) => {
  const { promise, reject } = Promise.withResolvers<string>();
  const { client, states } = openClient(t, 1, () => promise);
  client.close();
  reject(new Error("no token today"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(
    states.map(({ is }) => is),
    ["connecting", "closing", "closed"],
  );
});
