/**
 * What the directory in Redis costs: claims that open a room, finds, a whole announcement, moves, releases, renewals and looks at fleets of
 * several sizes, against the Redis of `REDIS_URL`, which is emptied first. `npm run bench:directory`
 */

import { createClient } from "@redis/client";
import type { Announcement, Life } from "#fleet/directory.ts";
import { RedisDirectory } from "#fleet/directory_redis.ts";
import { RedisOwner } from "#fleet/owner_redis.ts";
import { Redis } from "#fleet/redis.ts";
import { scripts } from "#fleet/redis_scripts.ts";
import type { ServerRecord } from "#fleet/server_record.ts";
import { systemClock } from "#runtime/clock.ts";
import { hex64, systemEntropy } from "#runtime/entropy.ts";
import { silentLog } from "#runtime/log.ts";
import { readRedisUrl } from "#runtime/redis_url.ts";

const url = process.env["REDIS_URL"] ?? "";
const redisUrl = readRedisUrl(url);
if (redisUrl?.is !== "single") throw new Error("REDIS_URL must be redis://…: the database it names is emptied.");
const roomsCount = 10_000;
/** Claims under way at once. */
const width = 64;

const admin = createClient({ url });
await admin.connect();
await admin.sendCommand(["FLUSHDB"]);
await admin.sendCommand(["SET", "{croupier}:generation", "bench"]);

const redis = new Redis({ url: redisUrl, clock: systemClock, entropy: systemEntropy, log: silentLog, abandonAfterMs: 3_600_000 });
redis.start();
while (!redis.isUp) await new Promise((resolve) => setTimeout(resolve, 5));
const all: { life: Life; users: number[] }[] = Array.from({ length: roomsCount }, (_, at) => ({
  life: { game: "dice", room: String(at), life: hex64(systemEntropy), owner: "bench", epoch: 1, boot: 1, openedAtMs: Date.now() },
  users: [at + 1],
}));
const owned = {
  record: () => ({ journal: "bench", boot: 1, release: "", games: [], durable: true, isDraining: false, startedAtMs: 0 }),
  counts: () => ({ lives: all.length, users: all.length }),
  announcement: (): Announcement => all,
  unsettled: () => [],
  settled: async () => true,
  lose: () => {},
};
const owner = new RedisOwner({
  ...{ redis, clock: systemClock, log: silentLog, owner: "bench", abandonAfterMs: 0, renewedAgoMs: 0, onRenewed: () => {} },
  address: () => "",
  owned: () => owned,
});
const gate = new RedisDirectory(redis);

/** Runs `act` for every room, or for so many, so many at once; prints rate and latencies. */
async function measure(
  name: string,
  atOnce: number,
  act: (one: (typeof all)[number]) => Promise<unknown>,
  count = roomsCount,
): Promise<void> {
  const latenciesMs: number[] = [];
  const startMs = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let one = all[next++]; one !== undefined && next <= count; one = all[next++]) {
      const askedMs = performance.now();
      await act(one);
      latenciesMs.push(performance.now() - askedMs);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  const perSecond = Math.round(latenciesMs.length / ((performance.now() - startMs) / 1000));
  const sorted = latenciesMs.toSorted((a, b) => a - b);
  const at = (share: number): string => (sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2);
  console.log(`${name}, ${atOnce} at once: ${perSecond}/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`);
}

await measure("claims that open a room", width, ({ life, users: [user = 0] }) => owner.claim(life, user));
await measure("finds", width, ({ life, users: [user = 0] }) => gate.find(user, "dice", life.room));
await measure("finds", 1, ({ life, users: [user = 0] }) => gate.find(user, "dice", life.room));
const startMs = performance.now();
await owner.announce();
console.log(`an announcement of ${roomsCount} rooms: ${Math.round(performance.now() - startMs)} ms`);
await measure("moves", width, ({ life }) => owner.move(life, { ...life, owner: "other", epoch: 2 }, "bench"));
await measure("releases and ends", width, ({ life, users: [user = 0] }) =>
  Promise.all([redis.run(scripts.release, life.life, "other", String(user)), redis.run(scripts.finish, life.life, "other", "2")]),
);
let shown = 0;
for (const servers of [10, 100, 1000]) {
  const record: ServerRecord = { ...owned.record(), address: "10.0.0.1:60001" };
  const show = (): Promise<unknown> => redis.run(scripts.renew, `server-${++shown}`, JSON.stringify(record), "600000", "0", "0");
  await measure(`renewals, up to ${servers} servers`, width, show, servers - shown);
  await measure(`looks at a fleet of ${servers}`, 1, () => redis.run(scripts.fleet), 200);
}
await owner.leave();
admin.destroy();
