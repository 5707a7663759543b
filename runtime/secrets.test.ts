/** Secrets in files: read at the start, looked at again while the process runs, and never half of one. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { dataFolder } from "#tests/support/data_folder.ts";
import { settingSentence } from "#tests/support/setting_sentence.ts";
import { until } from "#tests/support/until.ts";
import { ManualClock } from "./clock_manual.ts";
import { silentLog } from "./log.ts";
import { FileSecrets } from "./secrets.ts";
import { readSettings } from "./settings.ts";

const [first, second, third] = [1, 2, 3].map((fill) => Buffer.alloc(32, fill).toString("base64")) as [string, string, string];

const text = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("base64");

/** Secrets of a process with these files, which are written before it starts. */
function open(t: TestContext, files: Record<string, string>, others: Record<string, string> = {}) {
  const folder = dataFolder(t);
  const path = (variable: string): string => join(folder, variable);
  const write = (variable: string, content: string): void => writeFileSync(path(variable), content);
  for (const [variable, content] of Object.entries(files)) write(variable, content);
  const names = ["JWT_KEY", "JWT_KEY_PREVIOUS", "LINK_KEY", "ADMIN_TOKEN"];
  const env = { ...others, ...Object.fromEntries(names.map((name) => [`${name}_FILE`, path(name)])) };
  const lines: string[] = [];
  const log = {
    ...silentLog,
    info: (event: string, fields = {}) => lines.push(`${event}: ${Object.values(fields).join()}`),
    error: (event: string, fields = {}) => lines.push(`${event}: ${Object.values(fields).join()}`),
  };
  const clock = new ManualClock();
  const secrets = new FileSecrets(readSettings(env), { env, clock, log });
  const jwt = (): string[] => secrets.jwtKeys.map(text);
  const looks = async (count: number): Promise<void> => {
    for (let look = 0; look < count; look++) await secrets.look();
  };
  return { secrets, clock, lines, path, write, jwt, looks };
}

const whole = { JWT_KEY: `${first}\n`, LINK_KEY: first, ADMIN_TOKEN: "let-me-in\r\n" };

test("[start] a secret may be in a file, whose last newline is none of it; a previous one's file may be missing", (t) => {
  const { secrets, jwt } = open(t, whole);
  assert.deepEqual([jwt(), secrets.linkKeys.map(text), secrets.adminTokens.operate], [[first], [first], "let-me-in"]);
});

test("[start] a secret given twice, in a file that is none, is empty, too large or not there: one sentence, without the secret", (t) => {
  const folder = dataFolder(t);
  const file = (name: string, content: string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  const cases: [Record<string, string>, RegExp][] = [
    [{ JWT_KEY: first, JWT_KEY_FILE: file("a", first) }, /^JWT_KEY and JWT_KEY_FILE are both set/],
    [{ LINK_KEY_FILE: folder }, /^LINK_KEY_FILE: .* is no file\.$/],
    [{ ADMIN_TOKEN_FILE: file("b", "\n") }, /^ADMIN_TOKEN_FILE: .* is empty\.$/],
    [{ JWT_KEY_FILE: file("c", "A".repeat(20_000)) }, /^JWT_KEY_FILE: .* is larger than 16384 bytes\.$/],
    [{ JWT_KEY_FILE: join(folder, "nothing") }, /^JWT_KEY_FILE: .* cannot be read \(ENOENT\)\.$/],
    [{ JWT_KEY_FILE: file("d", "sécret!") }, /^JWT_KEY is no base64\.$/],
    [{ ENV: "prod", JWT_KEY_FILE: file("e", first), LINK_KEY_FILE: file("f", "c2hvcnQtc2hvcnQ=") }, /^LINK_KEY is too short/],
    [{ JWT_KEY_PREVIOUS_FILE: file("g", "") }, /^JWT_KEY_PREVIOUS_FILE: .* is empty\.$/],
    [{ JWT_KEY_FILE: first }, /^what JWT_KEY_FILE names cannot be read \(ENOENT\)\.$/],
    [{ ADMIN_TOKEN_FILE: file("h", "two\nlines") }, /^ADMIN_TOKEN is no token/],
    [{ ADMIN_READ_TOKEN: "space " }, /^ADMIN_READ_TOKEN is no token/],
  ];
  for (const [env, expected] of cases) {
    const said = settingSentence(env);
    assert.match(said, expected);
    assert.ok(![first, "sécret", "c2hvcnQ"].some((secret) => said.includes(secret)), said);
  }
  assert.equal(settingSentence({ JWT_KEY_FILE: "", JWT_KEY_PREVIOUS_FILE: join(folder, "nothing") }), "", "an empty name is none");
});

test("[keys] what is in a file counts once it was the same at two looks", async (t) => {
  const { write, jwt, looks, lines } = open(t, whole);
  await looks(2);
  write("JWT_KEY", second);
  write("JWT_KEY_PREVIOUS", first);
  await looks(1);
  assert.deepEqual(jwt(), [first]);
  await looks(1);
  assert.deepEqual(jwt(), [second, first]);
  assert.deepEqual(lines, ["secret change: JWT_KEY, JWT_KEY_PREVIOUS"]);
});

test("[keys] a new key is taken though the folder of the page, which was read at the start, is gone", async (t) => {
  const folder = dataFolder(t);
  writeFileSync(join(folder, "index.html"), "<!doctype html>");
  const { secrets, write, jwt, looks, lines } = open(t, whole, { PAGE_DIR: folder });
  await looks(2);
  rmSync(join(folder, "index.html"));
  write("JWT_KEY", second);
  await looks(2);
  assert.deepEqual([jwt(), secrets.isFaulty, lines], [[second], false, ["secret change: JWT_KEY"]]);
});

test("[keys] a key that is half written when it is looked at is never used", async (t) => {
  const { write, jwt, looks, lines } = open(t, whole);
  await looks(2);
  for (const part of ["", second.slice(0, 20), second]) {
    write("JWT_KEY", part);
    await looks(1);
    assert.deepEqual(jwt(), [first], part);
  }
  await looks(1);
  assert.deepEqual([jwt(), lines], [[second], ["secret change: JWT_KEY"]]);
});

test("[keys] the previous key's file goes: it is accepted no longer. The current one's goes: it stays, and that is said once", async (t) => {
  const { secrets, path, write, jwt, looks, lines } = open(t, { ...whole, JWT_KEY_PREVIOUS: second });
  await looks(2);
  assert.deepEqual(jwt(), [first, second]);
  rmSync(path("JWT_KEY_PREVIOUS"));
  await looks(2);
  assert.deepEqual(jwt(), [first]);
  rmSync(path("JWT_KEY"));
  await looks(5);
  assert.deepEqual([jwt(), secrets.isFaulty, lines.length], [[first], true, 2]);
  assert.match(lines[1] ?? "", /^secret failure: JWT_KEY_FILE: .* cannot be read \(ENOENT\)\. What was read before stays in use\.$/);
  write("JWT_KEY", first);
  await looks(2);
  assert.deepEqual([jwt(), secrets.isFaulty, lines.length], [[first], false, 3]);
});

test("[keys] what is no key in one file keeps all of them as they are, and no secret is said", async (t) => {
  const { secrets, write, jwt, looks, lines } = open(t, whole);
  write("JWT_KEY", "not base64 at all");
  write("LINK_KEY", third);
  await looks(3);
  assert.deepEqual([jwt(), secrets.linkKeys.map(text), secrets.isFaulty], [[first], [first], true]);
  assert.deepEqual(lines, ["secret failure: JWT_KEY is no base64. What was read before stays in use."]);
  write("JWT_KEY", second);
  await looks(2);
  assert.deepEqual([jwt(), secrets.linkKeys.map(text), secrets.isFaulty], [[second], [third], false]);
});

test("[keys][P7] what has no end is not read, and a disk that does not answer is said once and asked on", async (t) => {
  const { secrets, path, write, jwt, looks, lines } = open(t, whole);
  rmSync(path("JWT_KEY"));
  execFileSync("mkfifo", [path("JWT_KEY")]);
  await looks(3);
  assert.deepEqual([jwt(), secrets.isFaulty, lines.length], [[first], true, 1]);
  assert.match(lines[0] ?? "", /^secret failure: JWT_KEY_FILE: .* is no file\./);
  rmSync(path("JWT_KEY"));
  write("JWT_KEY", second);
  await looks(2);
  assert.deepEqual([jwt(), secrets.isFaulty], [[second], false]);

  const [looking, ...missed] = [1, 2, 3, 4].map(() => secrets.look());
  await Promise.all(missed);
  assert.deepEqual([secrets.isFaulty, lines.at(-1)?.startsWith("secret failure: The files of secrets cannot be read")], [true, true]);
  await looking;
  await looks(1);
  assert.deepEqual([jwt(), secrets.isFaulty], [[second], false]);
});

test("[keys] a Secret that Kubernetes mounts is swapped by a link: all of its files at once", async (t) => {
  const folder = dataFolder(t);
  const swap = (name: string, files: Record<string, string>): void => {
    mkdirSync(join(folder, name));
    for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, name, file), content);
    symlinkSync(name, join(folder, "..data_tmp"));
    renameSync(join(folder, "..data_tmp"), join(folder, "..data"));
  };
  swap("..1", { key: first });
  for (const file of ["key", "previous"]) symlinkSync(`..data/${file}`, join(folder, file));
  const env = { LINK_KEY_FILE: join(folder, "key"), LINK_KEY_PREVIOUS_FILE: join(folder, "previous") };
  const secrets = new FileSecrets(readSettings(env), { env, clock: new ManualClock(), log: silentLog });
  assert.deepEqual(secrets.linkKeys.map(text), [first]);
  swap("..2", { key: second, previous: first });
  for (let look = 0; look < 2; look++) await secrets.look();
  assert.deepEqual(secrets.linkKeys.map(text), [second, first]);
});

test("[keys] files are looked at every 2 s while the process runs, and by nobody when it has stopped", async (t) => {
  const { secrets, clock, write, jwt } = open(t, whole);
  secrets.start();
  write("JWT_KEY", second);
  await until(async () => {
    await clock.advance(2000);
    return jwt()[0] === second;
  });
  assert.ok(clock.now() <= 30_000, `${clock.now()} ms`);
  secrets.stop();
  assert.equal(clock.pending, 0);
});
