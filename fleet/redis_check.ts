/**
 * Whether Redis is set so that the directory's promises hold (ARCHITECTURE §4): it never
 * evicts, it has on its disk what it has acknowledged, and it is the primary. What is wrong
 * is said, and stops nothing.
 */
import { ErrorReply } from "@redis/client";

export interface RedisCheck {
  /** A sentence for each thing that is wrong, or could not be looked at. */
  readonly alarms: readonly string[];
  /** Whether a new life must have reached a replica before anybody sits in it. */
  readonly needsReplicas: boolean;
}

type Send = (...command: string[]) => Promise<unknown>;

const wanted = {
  "maxmemory-policy": ["noeviction", "under pressure it would forget who owns which room"],
  appendonly: ["yes", "a restart would forget what it has acknowledged"],
  appendfsync: ["always", "a crash would forget the last second"],
} as const;

export async function checkRedis(send: Send): Promise<RedisCheck> {
  const replication = await ask(async () => String(await send("INFO", "replication")));
  const role = field(replication, "role");
  const alarms: string[] = [];
  if (role === undefined) alarms.push("INFO is not permitted: whether Redis is the primary could not be checked.");
  else if (role !== "master") alarms.push(`Redis is a ${role}: the directory needs the primary.`);
  for (const [name, [value, why]] of Object.entries(wanted)) {
    const found = await setting(send, name);
    if (found === undefined) alarms.push(`CONFIG is not permitted: ${name} could not be checked, and must be ${value}.`);
    else if (found !== value) alarms.push(`${name} is ${found} and must be ${value}: ${why}.`);
  }
  const replicas = Number(field(replication, "connected_slaves") ?? 0);
  const replicasToWrite = Number((await setting(send, "min-replicas-to-write")) ?? 0);
  return { alarms, needsReplicas: replicas > 0 || replicasToWrite > 0 };
}

async function setting(send: Send, name: string): Promise<string | undefined> {
  return ask(async () => String(((await send("CONFIG", "GET", name)) as unknown[])[1]));
}

/** Undefined when Redis does not let us ask. @throws when the connection is lost. */
async function ask(question: () => Promise<string>): Promise<string | undefined> {
  try {
    return await question();
  } catch (thrown) {
    if (!(thrown instanceof ErrorReply)) throw thrown;
    return undefined;
  }
}

function field(text: string | undefined, name: string): string | undefined {
  return text === undefined ? undefined : new RegExp(`^${name}:(.*?)\\r?$`, "m").exec(text)?.[1];
}
