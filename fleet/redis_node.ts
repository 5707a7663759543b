/**
 * One connection to one Redis process, made once: when it is lost it is over. Until `settle`
 * it is on trial: whatever it is asked, connecting included, must be answered in good time.
 */
import { createClient } from "@redis/client";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { RedisAccess, RedisAddress } from "#runtime/redis_url.ts";

const trialMs = 2000;
/** Commands under way: more are refused. A busy server has a few hundred. */
const commandsMax = 20_000;

export interface RedisNodeOptions {
  address: RedisAddress;
  access: RedisAccess;
  tls: boolean;
  clock: Clock;
}

export class RedisNode {
  readonly address: RedisAddress;
  readonly #client: ReturnType<typeof open>;
  readonly #overdue = Promise.withResolvers<never>();
  readonly #trial: Timer;
  #end: "open" | "lost" | "closed" = "open";
  #onLost: (err: Error) => void = () => {};

  private constructor(options: RedisNodeOptions) {
    this.address = options.address;
    this.#client = open(options);
    this.#client.on("error", (err: Error) => {
      if (this.#end !== "open") return;
      this.#end = "lost";
      this.#onLost(err);
    });
    this.#overdue.promise.catch(() => {}); // heard by whoever asks
    this.#trial = options.clock.after(trialMs, () => {
      this.#overdue.reject(new Error(`no answer from ${shown(this.address)} for ${trialMs} ms`));
      this.close();
    });
  }

  /** @throws when it cannot be reached, does not let us in, or does not answer. */
  static async dial(options: RedisNodeOptions): Promise<RedisNode> {
    const node = new RedisNode(options);
    try {
      const connected = node.#client.connect();
      connected.then(
        () => node.#end === "closed" && node.close(), // given up meanwhile
        () => {},
      );
      await node.#inTime(connected);
      return node;
    } catch (thrown) {
      node.close();
      throw thrown;
    }
  }

  /** A question while it is on trial. */
  ask(...command: string[]): Promise<unknown> {
    return this.#inTime(this.send(command));
  }

  /** The trial is over, and `onLost` called once, should it be lost. @throws when it is lost already. */
  settle(onLost: (err: Error) => void): void {
    if (this.#end !== "open") throw new Error(`${shown(this.address)} is lost`);
    this.#trial.cancel();
    this.#onLost = onLost;
  }

  /** Commands are run, and answered, in the order in which they are sent. */
  send(command: string[]): Promise<unknown> {
    return this.#client.sendCommand(command);
  }

  /** What is under way gets no answer, and may be done. */
  close(): void {
    this.#end = "closed";
    this.#trial.cancel();
    this.#client.destroy();
  }

  #inTime<Result>(answer: Promise<Result>): Promise<Result> {
    return Promise.race([answer, this.#overdue.promise]);
  }
}

export function shown({ host, port }: RedisAddress): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Nothing is queued while there is no connection; RESP 2 is what every Redis and Valkey speaks. */
function open({ address: { host, port }, access, tls }: RedisNodeOptions) {
  return createClient({
    ...access,
    RESP: 2,
    disableOfflineQueue: true,
    commandsQueueMaxLength: commandsMax,
    socket: { host, port, ...(tls ? { tls } : {}), connectTimeout: trialMs, reconnectStrategy: false },
  });
}
