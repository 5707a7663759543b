/** What a person at a terminal sees, on a real pseudo-terminal. */
import assert from "node:assert/strict";
import { type TestContext, test } from "node:test";
import { dataFolder } from "./support/data_folder.ts";
import { Player } from "./support/player.ts";
import { says } from "./support/said.ts";
import { onTerminal } from "./support/terminal.ts";

/** Single mode; `line`: or what else is started. */
function singleOnTerminal(t: TestContext, env: Record<string, string>, line = "single.ts") {
  const settings = { PORT: "0", ADMIN_PORT: "0", LOG_LEVEL: "error", DATA_DIR: dataFolder(t), ...env };
  return onTerminal(t, line, settings, { showsToken: env["ENV"] !== "prod" });
}

test("[start] on a terminal, in development, the welcome says how to play, with a token that works and no key", async (t) => {
  const run = singleOnTerminal(t, {});
  const port = Number(/port (\d+)/.exec(await run.until((line) => line.includes("Croupier deals on port")))?.[1]);
  const token = (await run.until((line) => /^ +eyJ/.test(line))).trim();
  await run.until((line) => line.includes("Ctrl-C parks the rooms; the next start goes on with them."));
  const { exp, id } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as { exp: number; id: number };
  assert.equal(id, 1);
  assert.ok(Math.abs(exp - Date.now() / 1000 - 86_400) < 60, "valid for 24 hours");
  assert.doesNotMatch(run.lines.join("\n"), /default_key|ZGVmYXVsdF9rZXk/);
  const player = await Player.connect(port, 1, { token });
  player.sit();
  assert.deepEqual(await player.hear(2), ["SitDown 1@0", "Scene playing {}"]);
});

test("[start] on a terminal, with a JWT_KEY of its own, the welcome has a token, and leads to no tools", async (t) => {
  const run = singleOnTerminal(t, { JWT_KEY: Buffer.alloc(32, 4).toString("base64") });
  await run.until((line) => line.includes("Tools:     with the documented JWT_KEY only"));
  await run.until((line) => /^ +eyJ/.test(line));
});

test("[dev][start] on a terminal, with a game of one's own, the welcome promises no tools that refuse and no park that is none", async (t) => {
  const develop = "clients/croupier.ts dev dev/template";
  const usual = singleOnTerminal(t, {}, develop);
  const port = Number(/port (\d+)/.exec(await usual.until((line) => line.includes("Your game is dealt on port")))?.[1]);
  await usual.until((line) => line.includes(`Playground:  http://localhost:${port}/playground/`));
  await usual.until((line) => line.includes("Ctrl-C parks the rooms; the next start goes on with them."));
  const other = singleOnTerminal(t, { JWT_KEY: Buffer.alloc(32, 4).toString("base64"), JOURNAL: "memory" }, develop);
  await other.until((line) => line.includes("Playground:  with the documented JWT_KEY only"));
  await other.until((line) => line.includes("Ctrl-C once waits for the rooms to end, twice ends them."));
});

test("[P6] on a terminal Ctrl-C parks the rooms and says so, and it exits", async (t) => {
  const run = singleOnTerminal(t, {});
  const port = Number(/port (\d+)/.exec(await run.until((line) => line.includes("Croupier deals on port")))?.[1]);
  const player = await Player.seated(port, 1);
  await player.hear(2);
  run.write("\x03");
  await run.until((line) => line.includes("Parked 1 room with 1 player: the next start goes on with them."));
  assert.equal((await player.closed).code, 1012);
  assert.deepEqual(await run.exited, { code: 0, signal: null });
});

test("[P6] on a terminal, DRAIN=wait: the first Ctrl-C says what it waits for, the second ends it", async (t) => {
  const run = singleOnTerminal(t, { DRAIN: "wait" });
  const port = Number(/port (\d+)/.exec(await run.until((line) => line.includes("Croupier deals on port")))?.[1]);
  const player = await Player.seated(port, 1);
  await player.hear(2);
  run.write("\x03");
  await run.until((line) => line.includes("Waiting for 1 room with 1 player to end. Press Ctrl-C again to end them now."));
  run.write("\x03");
  await player.hearUntil("Disconnect 1");
  assert.deepEqual(await run.exited, { code: 0, signal: null });
});

test("[start] in production there is no welcome", async (t) => {
  const key = Buffer.alloc(32, 4).toString("base64");
  const run = singleOnTerminal(t, { ENV: "prod", JWT_KEY: key, LINK_KEY: key, LOG_LEVEL: "info" });
  await run.until(says("ready"));
  assert.doesNotMatch(run.lines.join("\n"), /Croupier deals|eyJ/);
});
