/** The README is true: its code runs, its commands exist, its tables are the settings' and the commands' own. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { commandsTable } from "./support/commands_table.ts";
import { marked } from "./support/marked.ts";
import { Player } from "./support/player.ts";
import { Server, spawnRun, start } from "./support/process.ts";
import { RedisServer } from "./support/redis_server.ts";
import { settingsTable } from "./support/settings_table.ts";

const root = new URL("../", import.meta.url);
const readme = readFileSync(new URL("README.md", root), "utf8");
const scripts = (JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as { scripts: Record<string, string> }).scripts;

function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map(([, code = ""]) => code);
}

test("[README] the table of settings is the settings' own", () => {
  assert.equal(marked(readme, "settings"), settingsTable(), "run: node tests/support/write_settings_table.ts");
});

test("[README] the table of the operator's command line is the commands' own", () => {
  assert.equal(marked(readme, "croupier"), commandsTable(), "run: node tests/support/write_commands_table.ts");
});

test("[README] every npm script it names exists", () => {
  const named = new Set([...readme.matchAll(/npm run ([a-z:]+)|npm (start|test)/g)].map(([, run, name]) => run ?? name ?? ""));
  for (const name of named) assert.ok(name in scripts, name);
});

test("[README] its TypeScript runs against a server and sits down", async (t) => {
  const server = await Server.start(t, "single.ts");
  const [code = ""] = blocks("ts");
  const file = new URL(`readme_example_${process.pid}.ts`, root);
  writeFileSync(file, code.replace("60006", String(server.port)));
  t.after(() => rmSync(file));
  const run = start(t, [file.pathname]);
  assert.deepEqual(await run.exited, { code: 0, signal: null });
  assert.deepEqual(run.lines, ["connecting", "connecting", "seated", "user 7 rolled a number", "gone"]);
});

test("[README] its commands for single mode run as written, but for the ports", async (t) => {
  const server = await Server.start(t, "single.ts");
  const commands = blocks("sh")
    .join("")
    .split("\n")
    .filter((line) => line.startsWith("npm run"));
  assert.ok(commands.length >= 2, commands.join());
  for (const line of commands.filter((command) => !/\b(game|gate|croupier)\b/.test(command))) {
    const words = line.replace("--seconds 10", "--seconds 3").split(" ");
    const [npm = "", ...args] = words.includes("dice")
      ? [...words, "-port", String(server.port)]
      : [...words, "--port", String(server.port)];
    const run = spawnRun(t, npm, args);
    if (words.includes("dice")) {
      await run.until((heard) => heard.startsWith("you at seat"));
      run.write("exit\n");
    }
    assert.deepEqual(await run.exited, { code: 0, signal: null }, `${line}\n${run.lines.join("\n")}\n${run.errors}`);
  }
});

test("[README] its commands for operators run as written, in their order", async (t) => {
  const server = await Server.start(t, "single.ts", { VERSION: "v1.3" });
  const player = await Player.seated(server.port, 1);
  await player.hear(2);
  const lines = blocks("sh")
    .join("")
    .split("\n")
    .filter((line) => line.startsWith("npm run croupier"));
  assert.equal(lines.length, 12);
  for (const line of lines) {
    const [npm = "", ...args] = line.split(" ");
    const run = spawnRun(t, npm, args, { CROUPIER_ADMIN: `http://127.0.0.1:${server.adminPort}` });
    assert.deepEqual(await run.exited, { code: 0, signal: null }, `${line}\n${run.lines.join("\n")}\n${run.errors}`);
  }
});

test("[README] its commands for a gate and game servers run as written, but for the ports", async (t) => {
  const lines = blocks("sh")
    .join("")
    .split("\n")
    .filter((line) => /npm run (game|gate)$/.test(line) && !line.includes("REDIS_URL"));
  assert.equal(lines.length, 3);
  const ports: number[] = [];
  for (const line of lines) {
    const variables = Object.fromEntries([...line.matchAll(/([A-Z_]+)=(\S+)/g)].map(([, name = "", value = ""]) => [name, value]));
    const script = (scripts[line.split(" ").at(-1) ?? ""] ?? "").replace("exec node ", "");
    const list = ports.map((port) => `dice=127.0.0.1:${port}`).join(",");
    const known = new Set(["PORT", "ADMIN_PORT", "GAME_SERVERS", "DATA_DIR"]);
    assert.ok(
      Object.keys(variables).every((name) => known.has(name)),
      line,
    );
    const server = await Server.start(t, script, variables["GAME_SERVERS"] === undefined ? {} : { GAME_SERVERS: list });
    if (variables["GAME_SERVERS"] !== undefined) {
      assert.equal(variables["GAME_SERVERS"].split(",").length, ports.length);
      await server.logged("link up");
    }
    ports.push(server.port);
  }
});

test("[README] its commands for many gates and game servers run as written, but for the ports", async (t) => {
  const redis = await RedisServer.start(t);
  if (redis === undefined) return;
  const lines = blocks("sh")
    .join("")
    .split("\n")
    .filter((line) => /npm run (game|gate)$/.test(line) && line.includes("REDIS_URL"));
  assert.deepEqual(
    lines.map((line) => line.split(" ").at(-1)),
    ["game", "game", "gate", "gate"],
  );
  for (const line of lines) {
    const script = (scripts[line.split(" ").at(-1) ?? ""] ?? "").replace("exec node ", "");
    const server = await Server.start(t, script, { REDIS_URL: redis.url, HOST: "127.0.0.1" });
    if (line.endsWith("gate")) await server.logged("link up");
  }
});
