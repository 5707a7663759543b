/** What `REDIS_URL` may be, and what it may not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readRedisUrl } from "./redis_url.ts";
import { readSettings, SettingError } from "./settings.ts";

const one = { is: "single", access: {}, tls: false };

for (const [text, meant] of [
  ["redis://host", { ...one, address: { host: "host", port: 6379 } }],
  ["redis://host:1/", { ...one, address: { host: "host", port: 1 } }],
  ["redis://host/12?any=thing", { ...one, address: { host: "host", port: 6379 }, access: { database: 12 } }],
  [
    "rediss://user:p%40ss%2F@host:1/0",
    { ...one, address: { host: "host", port: 1 }, access: { username: "user", password: "p@ss/", database: 0 }, tls: true },
  ],
  ["redis://:secret@[::1]:7", { ...one, address: { host: "::1", port: 7 }, access: { password: "secret" } }],
  ["redis-sentinel://a#dealers", { is: "sentinel", sentinels: [{ host: "a", port: 26_379 }], primary: "dealers", access: {}, tls: false }],
  [
    "rediss-sentinel://user:secret@a:1,b,[fd00::1]:2/3#my.primary-1",
    {
      is: "sentinel",
      sentinels: [
        { host: "a", port: 1 },
        { host: "b", port: 26_379 },
        { host: "fd00::1", port: 2 },
      ],
      ...{ primary: "my.primary-1", access: { username: "user", password: "secret", database: 3 }, tls: true },
    },
  ],
  [
    "redis-cluster://:secret@a:1,b/",
    {
      is: "cluster",
      nodes: [
        { host: "a", port: 1 },
        { host: "b", port: 6379 },
      ],
      ...{ access: { password: "secret" }, tls: false },
    },
  ],
  ["rediss-cluster://a/0", { is: "cluster", nodes: [{ host: "a", port: 6379 }], access: { database: 0 }, tls: true }],
] as const) {
  test(`[start] ${text} is understood`, () => assert.deepEqual(readRedisUrl(text), meant));
}

const single = /^REDIS_URL must be such as redis:\/\/host:6379, or rediss:/;
const sentinel = /^REDIS_URL must be such as redis-sentinel:\/\/host:26379,host:26380\/0#name-of-primary, or /;
const cluster = /^REDIS_URL must be such as redis-cluster:\/\/host:6379,host:6380, or .*; it has no database\.$/;

for (const [text, sentence] of [
  ["secret@nowhere", single],
  ["http://:secret@host:1", single],
  ["redis://", single],
  ["redis://:secret@", single],
  ["redis://:secret@:6379", single],
  ["redis://:secret@host:0", single],
  ["redis://:secret@host:65536", single],
  ["redis://:secret@host:x", single],
  ["redis://:secret@a,b", single],
  ["redis://:secret@host/name", single],
  ["redis://:secret@host/1/2", single],
  ["redis://:secret@host#primary", single],
  ["redis://:secret%zz@host", single],
  ["redis://:sec#ret@host", single],
  ["redis://:sec/ret@host", single],
  ["redis-sentinels://:secret@host#primary", single],
  ["redis-sentinel://:secret@host", sentinel],
  ["redis-sentinel://:secret@host#", sentinel],
  ["redis-sentinel://:secret@host#two words", sentinel],
  ["redis-sentinel://:secret@#primary", sentinel],
  ["redis-sentinel://:secret@a,,b#primary", sentinel],
  ["redis-sentinel://:secret@a,b:x#primary", sentinel],
  ["redis-sentinel://:secret@host/0?tls=true#primary", sentinel],
  ["rediss-sentinel://:secret@host/name#primary", sentinel],
  ["redis-cluster://:secret@host/1", cluster],
  ["redis-cluster://:secret@host#primary", cluster],
  ["redis-cluster://:secret@a:1,b:0", cluster],
  ["redis-cluster://", cluster],
] as const) {
  test(`[start] ${text} is refused in one sentence that shows nothing of it`, () => {
    assert.throws(
      () => readSettings({ REDIS_URL: text }),
      (thrown: unknown) => thrown instanceof SettingError && sentence.test(thrown.message) && !/sec.?ret/.test(thrown.message),
    );
  });
}
