/** Settings: every wrong value is one sentence, and no sentence shows a secret. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { settingSentence } from "#tests/support/setting_sentence.ts";
import { defaultKeysInUse, readSettings, settingRows } from "./settings.ts";

const longKey = Buffer.alloc(32, 7).toString("base64");
const production = { ENV: "prod", JWT_KEY: longKey, LINK_KEY: longKey };

test("[PROTOCOL §6] nothing set: development with documented keys", () => {
  const settings = readSettings({});
  assert.equal(Buffer.from(settings.jwtKey).toString(), "default_key");
  assert.equal(Buffer.from(settings.linkKey).toString(), "default_link");
  assert.deepEqual(defaultKeysInUse(settings), ["JWT_KEY", "LINK_KEY"]);
  assert.deepEqual([settings.seats, settings.holdMs, settings.drainDeadlineMs, settings.messagesPerSecond], [4, 90_000, 110_000, 50]);
});

test("[PROTOCOL §6] every default is a legal value", () => {
  for (const row of Object.values(settingRows))
    if (row.byDefault !== "") assert.equal(settingSentence({ [row.env]: row.byDefault }), "", row.env);
});

test("[start] an empty variable counts as unset, except keys and tokens, where it is refused", () => {
  assert.equal(readSettings({ SEATS: "", GAME_SERVERS: "", LOG_LEVEL: "" }).seats, 4);
  for (const env of ["JWT_KEY", "LINK_KEY", "ADMIN_TOKEN", "ADMIN_READ_TOKEN"])
    assert.match(settingSentence({ [env]: "" }), new RegExp(`^${env} is empty`));
});

test("[start] production wants both keys, long ones", () => {
  assert.match(settingSentence({ ENV: "prod" }), /^JWT_KEY is missing/);
  assert.match(settingSentence({ ENV: "prod", JWT_KEY: longKey }), /^LINK_KEY is missing/);
  assert.match(settingSentence({ ...production, LINK_KEY: Buffer.alloc(31).toString("base64") }), /^LINK_KEY is too short/);
  assert.match(
    settingSentence({ ...production, LINK_KEY_PREVIOUS: Buffer.alloc(31).toString("base64") }),
    /^LINK_KEY_PREVIOUS is too short/,
  );
  assert.match(settingSentence({ ...production, JWT_KEY_PREVIOUS: "" }), /^JWT_KEY_PREVIOUS is empty/);
  assert.equal(settingSentence(production), "");
  assert.deepEqual(defaultKeysInUse(readSettings(production)), []);
});

test("[start] a key that is no base64 or too short: a sentence without the key", () => {
  for (const key of ["sécret!", "Q", "c2hvcnQ=", "not base64 at all"]) {
    const said = settingSentence({ JWT_KEY: key });
    assert.match(said, /^JWT_KEY is (no base64|too short)/, key);
    assert.ok(!said.includes(key), said);
  }
});

const wrong: Record<string, string> = {
  ENV: "staging",
  PORT: "65536",
  ADMIN_PORT: "http",
  LOG_LEVEL: "loud",
  SEATS: "0",
  JWKS_URL: "login.example/keys",
  JWT_ISSUER: "login,,other",
  HOLD: "90",
  DRAIN: "leave",
  PARK: "yes",
  NOTICE_LANGUAGE: "de",
  DRAIN_DEADLINE: "-1s",
  DRAIN_WINDOW: "1d",
  MESSAGES_PER_SECOND: "1.5",
  QUEUE_BYTES: "12",
  TRUSTED_PROXIES: "10.0.0.0/33",
  GAME_SERVERS: "dice",
};

for (const [env, value] of Object.entries(wrong)) {
  test(`[start] ${env}=${value}: one sentence that names the variable`, () => {
    const said = settingSentence({ [env]: value });
    assert.ok(said.startsWith(`${env} `), said);
    assert.equal(said.split("\n").length, 1);
    assert.ok(said.endsWith("."), said);
  });
}

test("[start] JWKS_URL: http or https, without a password, which nobody is shown; then JWT_KEY may be missing, and has no default", () => {
  for (const value of [
    "ftp://login.example/keys",
    "https://user:hunter22@login.example/",
    "https://login.example/#keys",
    "file:///etc/passwd",
  ]) {
    const said = settingSentence({ JWKS_URL: value });
    assert.match(said, /^JWKS_URL must be such as https/, value);
    assert.ok(!said.includes("hunter22"), said);
  }
  const env = { JWKS_URL: "https://login.example/.well-known/jwks.json" };
  assert.equal(settingSentence({ ...env, ENV: "prod", LINK_KEY: longKey }), "");
  assert.match(settingSentence({ ...env, ENV: "prod" }), /^LINK_KEY is missing/);
  assert.match(settingSentence({ ...env, ...production, JWT_KEY: "c2hvcnQtc2hvcnQ=" }), /^JWT_KEY is too short/);
  assert.deepEqual([readSettings(env).jwtKey.length, defaultKeysInUse(readSettings(env))], [0, ["LINK_KEY"]]);
});

test("[start] more blocks that are none of TRUSTED_PROXIES", () => {
  for (const value of ["10.0.0.0/", "10.0.0.0/8/8", "10.0.0.0/+8", "10.0.0.0/1e1", "fe80::1/129", "proxy"]) {
    assert.match(settingSentence({ TRUSTED_PROXIES: value }), /^TRUSTED_PROXIES /, value);
  }
});

test("[start] more entries that are none of GAME_SERVERS", () => {
  for (const value of ["dice=host", "dice=host:0", "dice=host:70000", "=host:1", "dice=ho st:1", "dice=host:1,"]) {
    assert.match(settingSentence({ GAME_SERVERS: value }), /^GAME_SERVERS /, value);
  }
});

test("[PROTOCOL §6] GAME_SERVERS names games and addresses, IPv6 in brackets", () => {
  assert.deepEqual(readSettings({ GAME_SERVERS: "dice=dice:60001, rocket=[::1]:60002" }).gameServers, [
    { game: "dice", host: "dice", port: 60_001 },
    { game: "rocket", host: "::1", port: 60_002 },
  ]);
});

test("[start] a variable that we do not know is not ours", () => {
  assert.equal(settingSentence({ GATE_PORT: "tcp://10.0.0.1:60006", SEAT: "x" }), "");
});

test("[PROTOCOL §6] no setting has a name that Kubernetes injects", () => {
  for (const { env } of Object.values(settingRows)) assert.doesNotMatch(env, /^(GATE|DICE)_|^REDIS_PORT/);
});

test("[PROTOCOL §6] durations have a unit, and 0 means none", () => {
  const { holdMs, drainDeadlineMs, abandonAfterMs, noticeEveryMs } = readSettings({
    HOLD: "0",
    DRAIN_DEADLINE: "250ms",
    ABANDON_AFTER: "2h",
    NOTICE_EVERY: "10s",
  });
  assert.deepEqual([holdMs, drainDeadlineMs, abandonAfterMs, noticeEveryMs], [0, 250, 7_200_000, 10_000]);
});

test("[PROTOCOL §1.7] a notice is said so often that clients know when it is over", () => {
  assert.throws(() => readSettings({ NOTICE_EVERY: "11s" }), /NOTICE_EVERY must be at most 10s/);
});

test("the admin listener is bound to loopback in development only", () => {
  assert.deepEqual([readSettings({}).adminHost, readSettings(production).adminHost], ["127.0.0.1", "::"]);
});
