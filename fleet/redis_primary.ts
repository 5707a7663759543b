/**
 * Where the primary is that holds our keys: what differs between the forms of `REDIS_URL`.
 *
 *     single    the address of the URL, whatever is there
 *     sentinel  where a sentinel says, if what is there says that it is a primary
 *     cluster   where a node says (MOVED), until one says that the keys are its own
 *
 * All keys are on one node, so one connection is all there is, where the client library's own
 * sentinel and cluster have pools and send again what failed: here no command is sent twice,
 * nor out of turn. ASK is not followed: it is said while a slot moves, when neither node has
 * all keys, and a script that found half of them would take the rest for free.
 */
import { ErrorReply } from "@redis/client";
import type { ClusterNodes, RedisAccess, RedisAddress, RedisUrl, Sentinels } from "#runtime/redis_url.ts";
import { type RedisNode, shown } from "./redis_node.ts";

/** @throws when it cannot be reached, does not let us in, or does not answer. */
export type Dial = (address: RedisAddress, access: RedisAccess) => Promise<RedisNode>;

export interface RedisPrimary {
  /** Connects to it. @throws when nobody knows it, or it is not there. */
  find(dial: Dial): Promise<RedisNode>;
  /** Whether a node that says this is the primary of our keys no more. */
  isElsewhere(reply: ErrorReply): boolean;
  /** Where it is said to be, where an old one might not know. @throws when nobody says. */
  ask?(dial: Dial): Promise<RedisAddress>;
}

/** Every script names this key, and all others have its hash tag. */
export const anyKey = "{croupier}:generation";
/** A cluster whose nodes disagree is asked again later. */
const redirectionsMax = 5;

export function primaryOf(url: RedisUrl): RedisPrimary {
  switch (url.is) {
    case "single":
      return { find: (dial) => dial(url.address, url.access), isElsewhere: () => false };
    case "sentinel":
      return new WatchedPrimary(url);
    case "cluster":
      return new ClusterPrimary(url);
  }
}

class WatchedPrimary implements RedisPrimary {
  readonly #url: Sentinels;

  constructor(url: Sentinels) {
    this.#url = url;
  }

  find(dial: Dial): Promise<RedisNode> {
    return firstOf(this.#url.sentinels, async (sentinel) => {
      const address = await this.#askOne(sentinel, dial);
      return onTrial(await dial(address, this.#url.access), async (node) => {
        const [role] = (await node.ask("ROLE")) as [string];
        if (role !== "master") throw new Error(`${shown(address)} is a ${role}, though a sentinel calls it the primary`);
      });
    });
  }

  isElsewhere({ message }: ErrorReply): boolean {
    return message.includes("READONLY");
  }

  /** A primary that was replaced in good health hears of it 10 s later, and takes writes until then. */
  ask(dial: Dial): Promise<RedisAddress> {
    return firstOf(this.#url.sentinels, (sentinel) => this.#askOne(sentinel, dial));
  }

  async #askOne(sentinel: RedisAddress, dial: Dial): Promise<RedisAddress> {
    const node = await dial(sentinel, {});
    try {
      const reply = await this.#let(node, () => node.ask("SENTINEL", "GET-MASTER-ADDR-BY-NAME", this.#url.primary));
      if (!Array.isArray(reply)) throw new Error(`the sentinel at ${shown(sentinel)} knows no ${this.#url.primary}`);
      return { host: String(reply[0]), port: Number(reply[1]) };
    } finally {
      node.close();
    }
  }

  /** Sentinels seldom have a password, and then refuse one: it is shown to those that want one. */
  async #let(node: RedisNode, act: () => Promise<unknown>): Promise<unknown> {
    const { username, password } = this.#url.access;
    try {
      return await act();
    } catch (thrown) {
      if (!(thrown instanceof ErrorReply && thrown.message.startsWith("NOAUTH") && password !== undefined)) throw thrown;
      await node.ask("AUTH", ...(username === undefined ? [] : [username]), password);
      return act();
    }
  }
}

class ClusterPrimary implements RedisPrimary {
  readonly #url: ClusterNodes;
  /** The last primary and its replicas: one of them follows it. */
  #lately: readonly RedisAddress[] = [];

  constructor(url: ClusterNodes) {
    this.#url = url;
  }

  find(dial: Dial): Promise<RedisNode> {
    const all = [...this.#lately, ...this.#url.nodes].map((address) => [shown(address), address] as const);
    return firstOf([...new Map(all).values()], (address) => this.#follow(address, dial, redirectionsMax));
  }

  isElsewhere({ message }: ErrorReply): boolean {
    return /^(MOVED|CLUSTERDOWN) /.test(message);
  }

  async #follow(address: RedisAddress, dial: Dial, redirections: number): Promise<RedisNode> {
    let elsewhere: RedisAddress | undefined;
    const node = await onTrial(await dial(address, this.#url.access), async (node) => {
      elsewhere = await ownerElsewhere(node);
      if (elsewhere === undefined) this.#lately = [address, ...(await replicasOf(node))];
    });
    if (elsewhere === undefined) return node;
    node.close();
    if (redirections === 0) throw new Error("the nodes of the cluster disagree on who has our keys");
    return this.#follow(elsewhere, dial, redirections - 1);
  }
}

/** What the first of them gives that gives anything. @throws why not, for each, when none does. */
async function firstOf<Result>(addresses: readonly RedisAddress[], get: (address: RedisAddress) => Promise<Result>): Promise<Result> {
  const reasons: unknown[] = [];
  for (const address of addresses) {
    try {
      return await get(address);
    } catch (thrown) {
      reasons.push(thrown);
    }
  }
  throw new AggregateError(reasons);
}

async function onTrial(node: RedisNode, prove: (node: RedisNode) => Promise<void>): Promise<RedisNode> {
  try {
    await prove(node);
    return node;
  } catch (thrown) {
    node.close();
    throw thrown;
  }
}

/** Undefined when our keys are its own, or still are while their slot moves. */
async function ownerElsewhere(node: RedisNode): Promise<RedisAddress | undefined> {
  try {
    await node.ask("EXISTS", anyKey);
    return undefined;
  } catch (thrown) {
    const message = thrown instanceof ErrorReply ? thrown.message : "";
    if (message.startsWith("ASK ")) return undefined;
    const [, host, port] = /^MOVED \d+ (.*):(\d+)$/.exec(message) ?? [];
    if (port === undefined) throw thrown;
    return { host: host || node.address.host, port: Number(port) };
  }
}

/** None where we may not ask. */
async function replicasOf(node: RedisNode): Promise<RedisAddress[]> {
  try {
    const [, , replicas] = (await node.ask("ROLE")) as [string, number, [string, string][]];
    return replicas.map(([host, port]) => ({ host, port: Number(port) }));
  } catch (thrown) {
    if (!(thrown instanceof ErrorReply)) throw thrown;
    return [];
  }
}
