/**
 * Several redis-servers that belong together: a primary that a sentinel watches over, and a
 * cluster. All of them are gone with the test.
 */
import type { TestContext } from "node:test";
import { freePort, RedisServer, remembers } from "./redis_server.ts";
import { until } from "./until.ts";

/** As the sentinels call the primary. */
const primaryName = "croupier-1";

export interface Watched {
  readonly primary: RedisServer;
  readonly replicas: readonly RedisServer[];
  readonly sentinel: RedisServer;
  readonly url: string;
}

/**
 * A primary, a sentinel that gives it up after half a second, and replicas that are up to date.
 * Undefined, and the test skipped, where there is no redis-server.
 */
export async function watched(
  t: TestContext,
  { replicas: count = 0, settings: more = {}, sentinelSettings = {} }: WatchedOptions = {},
): Promise<Watched | undefined> {
  const settings: Record<string, string> = { "repl-diskless-sync-delay": "0", ...more };
  const password = settings["requirepass"];
  if (password !== undefined) settings["masterauth"] = password;
  const primary = await RedisServer.start(t, { settings });
  if (primary === undefined) return undefined;
  const replicas = await replicasOf(t, primary, count, settings);
  const sentinel = await RedisServer.start(t, {
    settings: sentinelSettings,
    sentinel: [
      `sentinel monitor ${primaryName} 127.0.0.1 ${primary.port} 1`,
      `sentinel down-after-milliseconds ${primaryName} 500`,
      `sentinel failover-timeout ${primaryName} 3000`,
      ...(password === undefined ? [] : [`sentinel auth-pass ${primaryName} ${password}`]),
    ],
  });
  if (sentinel === undefined) return undefined;
  await until(async () => ((await sentinel.ask("SENTINEL", "REPLICAS", primaryName)) as unknown[]).length === count);
  const credentials = password === undefined ? "" : `:${password}@`;
  return { primary, replicas, sentinel, url: `redis-sentinel://${credentials}${sentinel.address}#${primaryName}` };
}

interface WatchedOptions {
  replicas?: number;
  /** Of the primary and its replicas. */
  settings?: Record<string, string>;
  sentinelSettings?: Record<string, string>;
}

async function replicasOf(t: TestContext, primary: RedisServer, count: number, settings: Record<string, string>): Promise<RedisServer[]> {
  const replicas: RedisServer[] = [];
  for (let at = 0; at < count; at++) {
    const replica = await RedisServer.start(t, { settings: { ...settings, replicaof: `127.0.0.1 ${primary.port}` }, isNew: true });
    if (replica !== undefined) replicas.push(replica);
  }
  await until(async () => (String(await primary.ask("INFO", "replication")).match(/state=online/g) ?? []).length === count);
  return replicas;
}

/**
 * Nodes of a cluster that know each other; the first has all slots.
 * Undefined, and the test skipped, where there is no redis-server.
 */
export async function clusterNodes(
  t: TestContext,
  count: number,
  more: Record<string, string> = {},
): Promise<readonly RedisServer[] | undefined> {
  const nodes: RedisServer[] = [];
  for (let at = 0; at < count; at++) {
    const bus = await freePort(); // the port of a node and 10 000 may be none
    const settings = {
      "cluster-enabled": "yes",
      "cluster-port": String(bus),
      "cluster-node-timeout": "2000",
      "repl-diskless-sync-delay": "0",
      ...more,
    };
    const node = await RedisServer.start(t, { settings, isNew: true });
    if (node === undefined) return undefined;
    await nodes[0]?.ask("CLUSTER", "MEET", "127.0.0.1", String(node.port), String(bus));
    nodes.push(node);
  }
  await nodes[0]?.ask("CLUSTER", "ADDSLOTSRANGE", "0", "16383");
  for (const node of nodes) {
    await until(async () => {
      const info = String(await node.ask("CLUSTER", "INFO"));
      return info.includes("cluster_state:ok") && info.includes(`cluster_known_nodes:${count}\r`);
    });
  }
  await nodes[0]?.ask(...remembers);
  return nodes;
}
