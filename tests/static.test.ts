/** The static fleet on real processes: one gate, any number of game servers, any start order, and what each loses when the other goes. */
import assert from "node:assert/strict";
import { createServer, type Server as NetServer, type Socket } from "node:net";
import { type TestContext, test } from "node:test";
import { WebSocket } from "ws";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";

async function gateTo(t: TestContext, ...ports: number[]): Promise<Server> {
  return Server.start(t, "gate_server/main.ts", { GAME_SERVERS: ports.map((port) => `dice=127.0.0.1:${port}`).join(",") });
}

/** A TCP proxy that a test can cut and heal. */
async function proxyTo(t: TestContext, target: number) {
  const { connect } = await import("node:net");
  const sockets = new Set<Socket>();
  let isCut = false;
  const server: NetServer = createServer((socket) => {
    if (isCut) return void socket.destroy();
    const upstream = connect(target, "127.0.0.1");
    for (const end of [socket, upstream]) {
      sockets.add(end);
      end.on("error", () => {});
      end.once("close", () => sockets.delete(end));
    }
    socket.pipe(upstream).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const cut = (): void => {
    isCut = true;
    for (const socket of sockets) socket.destroy();
  };
  t.after(() => {
    cut();
    server.close();
  });
  const address = server.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    cut,
    heal: () => {
      isCut = false;
    },
  };
}

test("[static] a sit in the gate's very first moment is seated", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const gate = await gateTo(t, server.port);
  const player = await Player.seated(gate.port, 1);
  assert.deepEqual(await player.hear(2), ["SitDown 1@0", "Scene playing {}"]);
});

test("[static] the gate may start first; sits wait a little, then say try again, and work once there is a server", async (t) => {
  const taken = await Server.start(t, "game_server/main.ts");
  const { port } = taken;
  taken.signal("SIGTERM");
  await taken.exited;
  const gate = await gateTo(t, port);
  const early = await Player.seated(gate.port, 1);
  assert.deepEqual(await early.hear(), ["Error 114 try again"]);
  await Server.start(t, "game_server/main.ts", { PORT: String(port) });
  await gate.logged("link up");
  early.sit();
  assert.deepEqual(await early.hear(2), ["SitDown 1@0", "Scene playing {}"]);
});

test("[static] a second gate without Redis is refused by the game server with a sentence", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const first = await gateTo(t, server.port);
  await first.logged("link up");
  const second = await gateTo(t, server.port);
  const refused = await second.logged("link down");
  assert.match(refused, /this game server has a gate already: a second one needs REDIS_URL/);
  assert.match(await server.logged("link refusal"), /has a gate already/);
  const player = await Player.seated(first.port, 1);
  assert.deepEqual(await player.hear(2), ["SitDown 1@0", "Scene playing {}"]);
});

test("[static][P4] a gate that is killed and comes back is told again: seats are kept, nobody was told", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const gate = await gateTo(t, server.port);
  const [one, two] = [await Player.seated(gate.port, 1), await Player.seated(gate.port, 2)];
  await two.hearUntil("Scene");
  one.shake(6);
  await one.hearUntil("Shake");
  gate.signal("SIGKILL");
  await Promise.all([one.closed, two.closed]);

  const again = await gateTo(t, server.port);
  const back = await Player.seated(again.port, 1, { room_id: "1234" });
  assert.deepEqual(await back.hear(2), ["Online 1", 'Scene playing {"1":6}'], "led to his room, whatever he asked for");
  const other = await Player.seated(again.port, 3);
  assert.deepEqual(await other.hear(3), ["SitDown 1@0", "SitDown 2@1", "SitDown 3@2"], "user 2 is absent, which nobody sees");
});

test("[P3][P4] a link that breaks loses nothing: inputs and outputs of the gap arrive, once and in order", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const proxy = await proxyTo(t, server.port);
  const gate = await gateTo(t, proxy.port);
  const player = await Player.seated(gate.port, 1);
  await player.hear(2);
  player.shake(5);
  await player.hear();
  const other = await Player.seated(server.port, 2); // straight at the server: his way is not cut
  await other.hearUntil("Scene");
  await player.hear();
  proxy.cut();
  assert.deepEqual(await player.hear(), ["Notice 3/0"]);
  for (let i = 0; i < 20; i++) player.shake();
  other.shake(2);
  assert.deepEqual(await other.hear(2), ["Shake 2 2", 'Settlement [1] {"1":5,"2":2}']);
  proxy.heal();
  const lines = await player.hear(23);
  assert.deepEqual(
    lines.filter((line) => line.startsWith("Notice")),
    ["Notice 4/0"],
  );
  const refusals = Array(20).fill("Error 102 status mismatch");
  assert.deepEqual(
    lines.filter((line) => !line.startsWith("Notice")),
    ["Shake 2", 'Settlement [1] {"1":5,"2":2}', ...refusals],
  );
});

test("[static] a game server that was killed and started anew has lost its rooms, and holds nobody back", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const gate = await gateTo(t, server.port);
  const player = await Player.seated(gate.port, 1);
  await player.hear(2);
  server.signal("SIGKILL");
  assert.deepEqual(await player.hear(), ["Notice 3/0"]);
  await server.exited;
  await Server.start(t, "game_server/main.ts", { PORT: String(server.port) });
  assert.deepEqual(await player.hear(), ["Disconnect 0"], "another journal answers at its address");
  player.sit({ room_id: "2" });
  assert.deepEqual(await player.hear(2), ["SitDown 1@0", "Scene playing {}"]);
});

test("[static] one server at two addresses is one server", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const proxy = await proxyTo(t, server.port);
  const gate = await gateTo(t, server.port, proxy.port);
  await gate.logged("link up");
  const player = await Player.seated(gate.port, 1);
  for (; (await player.hear())[0] === "Error 114 try again"; player.sit()); // the one link may be made anew, by the other address
  assert.deepEqual(await player.hear(), ["Scene playing {}"]);
  assert.match((await gate.admin("/metrics")).body, /^croupier_links\{.*\} 1$/m);
});

test("[static] two lives of one name, opened while the gate was away: the older wins, the other ends with Disconnect 0", async (t) => {
  const [a, b] = [await Server.start(t, "game_server/main.ts"), await Server.start(t, "game_server/main.ts")];
  const older = await Player.seated(a.port, 1);
  await older.hear(2);
  const younger = await Player.seated(b.port, 2);
  await younger.hear(2);
  const gate = await gateTo(t, a.port, b.port);
  assert.deepEqual(await younger.hear(), ["Disconnect 0"]);
  assert.match(await gate.logged("directory conflict"), /"room.id":"1"/);
  const third = await Player.seated(gate.port, 3);
  assert.deepEqual(await third.hear(3), ["SitDown 1@0", "SitDown 3@1", "Scene playing {}"]);
  assert.deepEqual(await older.hear(), ["SitDown 3@1"]);
});

test("[direct] clients come to the game server's own port, in development only", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const player = await Player.seated(server.port, 1);
  assert.deepEqual(await player.hear(2), ["SitDown 1@0", "Scene playing {}"]);
  player.shake(6);
  assert.deepEqual(await player.hear(), ["Shake 1 6"]);

  const key = Buffer.alloc(32, 3).toString("base64");
  const strict = await Server.start(t, "game_server/main.ts", { ENV: "prod", JWT_KEY: key, LINK_KEY: key });
  await assert.rejects(Player.connect(strict.port, 1));
});

test("[direct] a direct client and one behind a gate share a room; one user is one user", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const gate = await gateTo(t, server.port);
  await gate.logged("link up");
  const direct = await Player.seated(server.port, 1);
  await direct.hear(2);
  const behind = await Player.seated(gate.port, 2);
  assert.deepEqual(await behind.hear(3), ["SitDown 1@0", "SitDown 2@1", "Scene playing {}"]);
  assert.deepEqual(await direct.hear(), ["SitDown 2@1"]);
  const moved = await Player.seated(gate.port, 1);
  assert.deepEqual(await moved.hear(2), ["Online 1", "Scene playing {}"]);
  assert.deepEqual(await direct.hear(), ["Disconnect 2"]);
});

test("[PROTOCOL §7] garbage, silence and a wrong key on the link port hurt nobody else", async (t) => {
  const server = await Server.start(t, "game_server/main.ts");
  const gate = await gateTo(t, server.port);
  const player = await Player.seated(gate.port, 1);
  await player.hear(2);
  for (const bytes of [new Uint8Array(5).fill(255), new Uint8Array([0, 0, 0, 1, 2]), new Uint8Array(200_000)]) {
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/link`);
    socket.on("open", () => socket.send(bytes));
    await new Promise((resolve) => socket.once("close", resolve));
  }
  const wrong = await Server.start(t, "gate_server/main.ts", {
    GAME_SERVERS: `dice=127.0.0.1:${server.port}`,
    LINK_KEY: Buffer.alloc(16, 9).toString("base64"),
  });
  assert.match(await wrong.logged("link down"), /the gate does not know the link key/);
  player.shake(6);
  assert.deepEqual(await player.hear(), ["Shake 1 6"]);
});
