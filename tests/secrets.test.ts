/** The check that looks for secrets in logs finds them, wherever it is asked to look. */
import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { mintToken } from "#protocol/token.ts";
import { dataFolder } from "./support/data_folder.ts";
import { developmentKey } from "./support/entrance.ts";
import { start } from "./support/process.ts";
import { leaksIn, secretsOf } from "./support/secrets.ts";

const key = Buffer.from("a key that nobody may read, ever!");
const secrets = secretsOf({ JWT_KEY: key.toString("base64"), ADMIN_TOKEN: "let+me/in", REDIS_URL: "redis://user:p%40ssword@host:6379" });

test("[logs] a line that says nothing secret is no leak, names of secrets and of their owners neither", () => {
  assert.deepEqual(leaksIn('{"message":"JWT_KEY is no base64","user.id":7,"url":"redis://host:6379/0"} token user token', secrets), []);
});

test("[logs] a token, a key in any form, a password, a query string and an authorization are leaks", async () => {
  const token = await mintToken(1, developmentKey);
  const leaks = [
    ...[token, token.slice(0, 60), `GET /?token=x`, "Authorization: Bearer abcdef", "redis://:secret@host"],
    ...[key.toString("base64"), key.toString("base64url"), key.toString("hex"), key.toString(), encodeURIComponent(key.toString())],
    ...["let+me/in", encodeURIComponent("let+me/in"), "p@ssword", "p%40ssword", "default_key", "ZGVmYXVsdF9rZXk="],
  ];
  for (const leak of leaks) {
    assert.ok(leaksIn(`before ${leak} after`, secrets).length > 0, leak);
    assert.ok(leaksIn(JSON.stringify({ message: `before ${leak} after` }), secrets).length > 0, leak);
  }
});

test("[logs] npm run test:secrets searches every file for every process's keys, counts, and fails on any hit", async (t) => {
  const folder = dataFolder(t);
  const search = async () => {
    const run = start(t, ["tests/secrets/main.ts", folder]);
    return { code: (await run.exited).code, lines: run.lines };
  };
  assert.equal((await search()).code, 78, "nothing was searched");
  writeFileSync(join(folder, "1.log"), '{"message":"ready"}\n');
  writeFileSync(join(folder, "secrets.txt"), `${key.toString("base64")}\n`);
  assert.deepEqual(await search(), {
    code: 0,
    lines: ["1 files, 0.0 million characters, searched for tokens, query strings, passwords and 3 keys: 0 hits"],
  });
  writeFileSync(join(folder, "2.log"), `{"message":"${key.toString("hex")}"}\n`);
  const { code, lines } = await search();
  assert.equal(code, 1);
  assert.match(lines[0] ?? "", /2\.log: secret 3 of 3, 1 times$/);
});

test("[logs] a process of a test that says its key, or a token, fails that test; and what it said is kept", async (t) => {
  const folder = dataFolder(t);
  const file = join(folder, "leak.test.ts");
  const support = new URL("support/process.ts", import.meta.url).href;
  for (const [said, fails] of [
    ["nothing", false],
    ["process.env.JWT_KEY", true],
    ['"eyJhbGciOiJIUzI1NiJ9.eyJpZCI6MX0.c2lnbmF0dXJl"', true],
  ] as const) {
    const script = said === "nothing" ? "console.log('nothing')" : `console.error(${said})`;
    const body = `const run = start(t, ["-e", ${JSON.stringify(script)}], { JWT_KEY: "${key.toString("base64")}" }); await run.exited;`;
    writeFileSync(file, `import { test } from "node:test"; import { start } from "${support}"; test("leak", async (t) => { ${body} });`);
    const kept = join(folder, said === "nothing" ? "kept" : "leaked");
    const run = start(t, ["--test", file], { KEEP_LOGS: kept });
    assert.equal((await run.exited).code, fails ? 1 : 0, `${said}\n${run.lines.join("\n")}`);
    assert.ok(readdirSync(kept).some((name) => name.endsWith(".log")));
    assert.doesNotMatch(run.lines.join("\n"), /c2lnbmF0dXJl/, "the report does not say it again");
  }
});
