/**
 * Redis in the simulation: a process behind the simulated network, which answers commands in
 * the order in which they come on each connection. It can be killed (with what it knows, with
 * nothing, or with what a replica knew), stand still, and be cut off; what was on its way to it
 * meanwhile may still arrive, and is then run, however late.
 */
import type { LinkSocket } from "#link/socket.ts";
import type { SimProcess } from "./process.ts";
import { RedisMemory, type ScriptName } from "./redis_memory.ts";

export const redisName = "redis";
/** `WAIT`: a replica has everything so soon. */
const replicaMsMax = 5;

/** What a client's end sends: a script, or "WAIT". */
export interface RedisCommand {
  readonly id: number;
  readonly name: ScriptName | "WAIT";
  readonly args: readonly string[];
}

export interface RedisReply {
  readonly id: number;
  readonly values: readonly string[];
}

export class SimRedis {
  readonly memory: RedisMemory;
  readonly needsReplicas: boolean;
  readonly #now: () => number;
  process: SimProcess;

  constructor(process: SimProcess, { now, needsReplicas }: { now(): number; needsReplicas: boolean }) {
    this.process = process;
    this.needsReplicas = needsReplicas;
    this.memory = new RedisMemory(needsReplicas);
    this.#now = now;
  }

  accept(socket: LinkSocket): void {
    socket.listen({
      onBatch: (batch) => this.#onCommand(socket, decodeBatch<RedisCommand>(batch)),
      onClose: () => {},
    });
  }

  #onCommand(socket: LinkSocket, { id, name, args }: RedisCommand): void {
    const answer = (values: readonly string[]): void => socket.send(encodeBatch({ id, values } satisfies RedisReply));
    if (name === "WAIT") this.process.clock.after(replicaMsMax, () => answer(["1"]));
    else answer(this.memory.run(this.#now(), name, args));
  }
}

export function encodeBatch(value: RedisCommand | RedisReply): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

export function decodeBatch<Value extends RedisCommand | RedisReply>(batch: Uint8Array): Value {
  return JSON.parse(new TextDecoder().decode(batch)) as Value;
}
