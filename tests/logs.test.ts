/** What must never be in a log, at any level, and what every line must be. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { encode } from "#protocol/frame.ts";
import { Command, StringSchema } from "#protocol/gen/frame_pb.ts";
import { mintToken } from "#protocol/token.ts";
import { developmentKey } from "./support/entrance.ts";
import { Player } from "./support/player.ts";
import { Server } from "./support/process.ts";
import { RawConnection, upgradeHeaders } from "./support/raw.ts";

test("[log] no token, no key and no query string at any level; every line is one JSON object, cut at a limit", async (t) => {
  const linkKey = Buffer.from("a link key that nobody may read!").toString("base64");
  const env = { LOG_LEVEL: "trace", LINK_KEY: linkKey, ADMIN_TOKEN: "admin-secret-word" };
  const server = await Server.start(t, "game_server/main.ts", env);
  const gate = await Server.start(t, "gate_server/main.ts", { ...env, GAME_SERVERS: `dice=127.0.0.1:${server.port}` });
  await gate.logged("link up");
  const token = await mintToken(1, developmentKey);

  const player = await Player.connect(gate.port, 1, { token });
  player.sit({ game_name: 'evil"\n{"log.level":"fatal"}\u001b[31m' });
  await player.hear();
  player.sit({ [`key-${"x".repeat(5_000)}`]: "1" });
  await player.hear();
  player.sit();
  await player.hear(2);
  player.send(encode(Command.TOKEN, StringSchema, { v: token }));
  player.send(encode(Command.TOKEN, StringSchema, { v: `${token}x` }));
  await player.hear(2);
  await RawConnection.ask(gate.port, `GET /?token=${token}x&secret=query-string`, upgradeHeaders);
  await RawConnection.ask(gate.port, "GET /", { ...upgradeHeaders, Authorization: `Bearer ${token}y` });
  await gate.admin("/metrics", { Authorization: "Bearer admin-secret-word" });
  await player.close();
  for (const process of [gate, server]) {
    process.signal("SIGTERM");
    await process.exited;
    const all = process.lines.join("\n") + process.errors;
    const signature = token.split(".")[2] ?? "";
    const secrets = [
      signature,
      "query-string",
      "token=",
      "admin-secret-word",
      linkKey,
      "nobody may read",
      "default_key",
      "ZGVmYXVsdF9rZXk",
    ];
    for (const secret of secrets) assert.ok(!all.includes(secret), `${secret} is in the log`);
    for (const line of process.lines) {
      assert.equal(typeof JSON.parse(line), "object");
      assert.ok(line.length < 4_096, `a line of ${line.length} characters`);
      assert.ok(
        [...line].every((character) => character >= " "),
        "a control character in a line",
      );
    }
  }
});
