/** What a process says that cannot have its Redis. */
import type { TestContext } from "node:test";
import { Redis } from "#fleet/redis.ts";
import { systemClock } from "#runtime/clock.ts";
import { systemEntropy } from "#runtime/entropy.ts";
import { type RedisUrl, readRedisUrl } from "#runtime/redis_url.ts";
import { LogLines } from "./log_lines.ts";

/** Everything that a process with this URL logs until its first attempt has failed. */
export async function refused(t: TestContext, url: string): Promise<string> {
  const log = new LogLines();
  const redis = new Redis({ url: readRedisUrl(url) as RedisUrl, clock: systemClock, entropy: systemEntropy, log, abandonAfterMs: 0 });
  t.after(() => redis.stop());
  redis.start();
  await log.logged("redis failure");
  redis.stop();
  return JSON.stringify(log.lines);
}
