/** The admin listener: off the public port, open for two words, locked for the rest (ARCHITECTURE §7). */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { dataFolder } from "./support/data_folder.ts";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";

const key = Buffer.alloc(32, 3).toString("base64");

test("[ARCHITECTURE §7] /livez and /readyz say ok; /metrics counts what happened", async (t) => {
  const server = await Server.start(t, "single.ts");
  assert.deepEqual(await server.admin("/livez"), { status: 200, body: "ok\n" });
  assert.deepEqual(await server.admin("/readyz"), { status: 200, body: "ok\n" });
  const player = await Player.seated(server.port, 1);
  await player.hear(2);
  player.shake(9);
  await player.hear();
  player.sit({ game_name: "chess" });
  await player.hear();
  const { body } = await server.admin("/metrics");
  for (const line of [
    /^croupier_sessions\{stage="seated",.*\} 1$/m,
    /^croupier_rooms\{.*\} 1$/m,
    /^croupier_room_refusals_total\{code="116",.*\} 1$/m,
  ]) {
    assert.match(body, line);
  }
});

test("[admin] no label that a client can choose", async (t) => {
  const server = await Server.start(t, "single.ts");
  const player = await Player.connect(server.port, 1);
  player.sit({ game_name: "evil_label" });
  await player.hear();
  player.sit({ room_id: "987654321" });
  await player.hear(2);
  const { body } = await server.admin("/metrics");
  assert.doesNotMatch(body, /evil_label|987654321/);
});

test("[P8] a gate without a game server is alive and not ready", async (t) => {
  const gate = await Server.start(t, "gate_server/main.ts", { GAME_SERVERS: "dice=127.0.0.1:1" });
  assert.deepEqual(await gate.admin("/livez"), { status: 200, body: "ok\n" });
  assert.deepEqual(await gate.admin("/readyz"), { status: 503, body: "unlinked\n" });
});

test("[admin] with a token, everything else needs it", async (t) => {
  const server = await Server.start(t, "single.ts", { ADMIN_TOKEN: "let-me-in" });
  assert.equal((await server.admin("/metrics")).status, 401);
  assert.equal((await server.admin("/metrics", { Authorization: "Bearer wrong" })).status, 401);
  assert.equal((await server.admin("/metrics", { Authorization: "Bearer let-me-in" })).status, 200);
  assert.equal((await server.admin("/readyz")).status, 200);
});

test("[admin][keys] a token in a file is exchanged while the process runs: the new one opens, the old one no longer", async (t) => {
  const [folder, first, second] = [dataFolder(t), "the-first-token", "the-second-token"];
  const files = { ADMIN_TOKEN_FILE: join(folder, "operate"), ADMIN_READ_TOKEN_FILE: join(folder, "read") };
  writeFileSync(files.ADMIN_TOKEN_FILE, `${first}\n`);
  writeFileSync(files.ADMIN_READ_TOKEN_FILE, "the-reader's-token\n");
  const server = await Server.start(t, "single.ts", files);
  const status = async (token: string): Promise<number> => (await server.admin("/drain", { Authorization: `Bearer ${token}` })).status;
  assert.deepEqual(await Promise.all([first, second, "the-reader's-token"].map(status)), [200, 401, 200]);
  writeFileSync(files.ADMIN_TOKEN_FILE, `${second}\n`);
  await server.logged("secret change");
  assert.deepEqual(await Promise.all([first, second, "the-reader's-token"].map(status)), [401, 200, 200]);
});

test("[admin] without a token, a listener beyond loopback says its two words and nothing else", async (t) => {
  const server = await Server.start(t, "single.ts", { ENV: "prod", JWT_KEY: key, LINK_KEY: key });
  assert.equal((await server.admin("/livez")).status, 200);
  assert.equal((await server.admin("/readyz")).status, 200);
  assert.equal((await server.admin("/metrics")).status, 403);
  assert.equal((await server.admin("/nothing")).status, 403);
});

test("[admin] admin paths are not served on the public port", async (t) => {
  const server = await Server.start(t, "single.ts");
  for (const path of ["/metrics", "/livez", "/drain"]) assert.equal((await fetch(`http://127.0.0.1:${server.port}${path}`)).status, 426);
});
