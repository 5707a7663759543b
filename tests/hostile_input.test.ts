/** What strangers and players send, and what must not come of it: series of metrics by their choice, words of theirs on public ports, links. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { WebSocket } from "ws";
import { encode, frame } from "#protocol/frame.ts";
import { Command, StringSchema } from "#protocol/gen/frame_pb.ts";
import { mintToken } from "#protocol/token.ts";
import { developmentKey } from "./support/entrance.ts";
import { Player, sitDown } from "./support/player.ts";
import { Server } from "./support/process.ts";
import { RawConnection, upgradeHeaders } from "./support/raw.ts";
import { said } from "./support/said.ts";

const word = "hostile_word";

/** Names and labels of our own series. */
async function series(server: Server): Promise<string[]> {
  const { body } = await server.admin("/metrics");
  return [...body.matchAll(/^(croupier_[a-z_]+\{.*\}) [-+\d.eInf]+$/gm)].map(([, name = ""]) => name).toSorted();
}

async function knockWith(port: number, path: string, headers: Record<string, string>): Promise<void> {
  await RawConnection.ask(port, `GET ${path}`, { ...upgradeHeaders, ...headers });
}

async function sayEverything(port: number): Promise<void> {
  await knockWith(port, `/${word}?token=${word}&${word}=1`, { Origin: `https://${word}`, "User-Agent": word, [word]: word });
  await knockWith(port, "/", { Authorization: `Bearer ${word}`, "X-Forwarded-For": `203.0.113.9, ${word}` });
  await knockWith(port, "/", { "Sec-WebSocket-Protocol": `${word}, bearer, ${word}`, "Sec-WebSocket-Extensions": word });
  await RawConnection.ask(port, `${word} /rooms?game=${word}`);
  await fetch(`http://127.0.0.1:${port}/rooms?game=${word}`);
  const player = await Player.connect(port, 1, { token: await mintToken(1, developmentKey) });
  for (const metadata of [{ game_name: word }, { [word]: word }, { options: `{"${word}":"${word}"}`, room_id: "77" }]) player.sit(metadata);
  await player.hearUntil("Scene");
  for (const command of [0, 7, 99, 4_000_000_000]) player.send(frame(command, new TextEncoder().encode(word)));
  player.send(encode(Command.TOKEN, StringSchema, { v: word }));
  player.send(sitDown({ room_id: "78" }));
  await player.hearUntil("Error 113");
  player.socket.close(4123, word);
  await player.closed;
}

test("[faults §4] whatever clients and strangers say, metrics have the series that they had before", async (t) => {
  const server = await Server.start(t, "single.ts", { TRUSTED_PROXIES: "127.0.0.1" });
  await series(server); // a scrape is an admin request, which is counted
  const before = await series(server);
  assert.ok(before.length > 100, `${before.length}`);
  await sayEverything(server.port);
  assert.deepEqual(await series(server), before);
  assert.doesNotMatch((await server.admin("/metrics")).body, new RegExp(word));
});

test("[faults §4] nothing of the admin listener is on a public port, by any method or path, and a token of it changes nothing there", async (t) => {
  const env = { ADMIN_TOKEN: "let-me-in" };
  const game = await Server.start(t, "game_server/main.ts", env);
  const gate = await Server.start(t, "gate_server/main.ts", { ...env, GAME_SERVERS: `dice=127.0.0.1:${game.port}` });
  const described = JSON.parse((await game.admin("/openapi.json", { Authorization: "Bearer let-me-in" })).body) as { paths: object };
  const paths = ["/livez", "/readyz", "/metrics", "/sessions", "/servers", ...Object.keys(described.paths)];
  for (const { port } of [game, gate]) {
    for (const path of paths.filter((each) => each !== "/rooms" || port === game.port)) {
      for (const method of ["GET", "POST", "DELETE", "PUT", "OPTIONS"]) {
        const { status } = await RawConnection.ask(port, `${method} ${path}`, { Authorization: "Bearer let-me-in" });
        assert.equal(status, method === "GET" ? 426 : 405, `${method} ${path}`);
      }
    }
  }
  assert.deepEqual([said(game.lines, "drain start"), said(gate.lines, "drain start")], [[], []]);
});

test("[faults §4] the key of clients opens no link", async (t) => {
  const [clients, links] = [3, 4].map((fill) => Buffer.alloc(32, fill).toString("base64")) as [string, string];
  const server = await Server.start(t, "game_server/main.ts", { JWT_KEY: clients, LINK_KEY: links });
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: `dice=127.0.0.1:${server.port}`, LINK_KEY: clients });
  assert.match(await gate.logged("link down"), /the gate does not know the link key/);
  const token = await mintToken(1, Buffer.from(clients, "base64"));
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}/link?token=${token}`);
  socket.once("message", () => socket.send(new Uint8Array([0, 0, 0, 4])));
  await new Promise((resolve) => socket.once("close", resolve));
  assert.match((await server.admin("/metrics")).body, /^croupier_gates\{.*\} 0$/m);
});
