/** Starting: what is wrong is said in one sentence, with exit code 78 and no secret. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Server, start } from "./support/process.ts";

const mains = ["single.ts", "gate_server/main.ts", "game_server/main.ts"];

for (const main of mains) {
  test(`[start] ${main}: a wrong setting ends it with one sentence and 78`, async (t) => {
    const run = start(t, [main], { ADMIN_PORT: "0", PORT: "many" });
    assert.deepEqual(await run.exited, { code: 78, signal: null });
    assert.equal(run.errors, 'croupier: PORT must be a whole number from 0 to 65535, not "many".\n');
    assert.deepEqual(run.lines, []);
  });

  test(`[start] ${main}: an unknown flag ends it with one sentence and 78`, async (t) => {
    const run = start(t, [main, "--port=1"], { ADMIN_PORT: "0", PORT: "0" });
    assert.deepEqual(await run.exited, { code: 78, signal: null });
    assert.match(run.errors, /^croupier: unknown argument "--port=1"[^\n]*\n$/);
  });
}

test("[start] production without keys, with short and with broken ones", async (t) => {
  const secret = "c2VjcmV0LXNlY3JldA==";
  const cases: [Record<string, string>, RegExp][] = [
    [{}, /^croupier: JWT_KEY is missing[^\n]*\n$/],
    [{ JWT_KEY: secret, LINK_KEY: secret }, /^croupier: JWT_KEY is too short[^\n]*\n$/],
    [{ JWT_KEY: `${secret}!` }, /^croupier: JWT_KEY is no base64[^\n]*\n$/],
    [{ JWT_KEY: "" }, /^croupier: JWT_KEY is empty[^\n]*\n$/],
  ];
  for (const [env, sentence] of cases) {
    const run = start(t, ["single.ts"], { ENV: "prod", ADMIN_PORT: "0", PORT: "0", ...env });
    assert.deepEqual(await run.exited, { code: 78, signal: null });
    assert.match(run.errors, sentence);
    assert.ok(!run.errors.includes(secret) && !run.errors.includes("secret"), run.errors);
  }
});

test("[start] a game that this release does not have", async (t) => {
  const run = start(t, ["game_server/main.ts"], { GAMES: "dice,chess", ADMIN_PORT: "0", PORT: "0" });
  assert.deepEqual(await run.exited, { code: 78, signal: null });
  assert.match(run.errors, /^croupier: GAMES names "chess"[^\n]*dice[^\n]*\n$/);
});

test("[start] a taken port", async (t) => {
  const first = await Server.start(t, "single.ts");
  const run = start(t, ["single.ts"], { PORT: String(first.port), ADMIN_PORT: "0" });
  assert.deepEqual(await run.exited, { code: 78, signal: null });
  assert.match(run.errors, new RegExp(`^croupier: port ${first.port} is in use[^\\n]*\\n$`));
});

test("[PROTOCOL §1.1] development warns of each default key, once, without showing it", async (t) => {
  const server = await Server.start(t, "single.ts");
  const warnings = server.lines.filter((line) => line.includes('"log.level":"warn"'));
  assert.equal(warnings.length, 2);
  assert.match(warnings.join("\n"), /JWT_KEY[\s\S]*LINK_KEY/);
  const all = server.lines.join("\n");
  for (const key of ["default_key", "ZGVmYXVsdF9rZXk", "default_link", "ZGVmYXVsdF9saW5r"]) assert.ok(!all.includes(key), key);
});

test("[start] nothing but log lines when standard output is no terminal", async (t) => {
  const server = await Server.start(t, "single.ts");
  for (const line of server.lines) assert.equal(typeof JSON.parse(line), "object");
  assert.equal(server.errors, "");
});
