/**
 * A process's end of its connection to the simulated Redis: it behaves to its callers as
 * fleet/redis.ts does, over the simulated network.
 *
 *     away ──connected──> up ──a command unanswered for 1 s──> silent ──5 s──> away
 *      ^                   │ ^                                    │
 *      └───connection lost─┘ └──────────any answer────────────────┘
 */
import type { Script } from "#fleet/redis_scripts.ts";
import { type Answer, Generation, type Store, tryAgain } from "#fleet/store.ts";
import type { LinkSocket } from "#link/socket.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { Chance } from "./chance.ts";
import { decodeBatch, encodeBatch, type RedisCommand, type RedisReply } from "./redis.ts";

/** As in fleet/redis.ts. */
const commandTimeoutMs = 1000;
const silentMs = 5000;
const [backoffMsMin, backoffMsMax] = [100, 1000];

interface EndOptions {
  clock: Clock;
  chance: Chance;
  needsReplicas: boolean;
  abandonAfterMs: number;
  dial(): Promise<LinkSocket>;
}

interface Waiting {
  readonly socket: LinkSocket;
  resolve(values: readonly string[]): void;
  reject(thrown: unknown): void;
}

type Stage = "away" | "up" | "silent" | "stopped";

export class SimRedisEnd implements Store {
  onForgot: () => void = () => {};
  /** Never called: here the next renewal is early enough. */
  onUp: () => void = () => {};
  readonly needsReplicas: boolean;
  readonly #options: EndOptions;
  readonly #generation: Generation;
  readonly #waiting = new Map<number, Waiting>();
  #stage: Stage = "away";
  #socket: LinkSocket | undefined;
  /** When to connect again, or to give up a connection that is silent. */
  #timer: Timer | undefined;
  #lastId = 0;

  constructor(options: EndOptions) {
    this.#options = options;
    this.needsReplicas = options.needsReplicas;
    this.#generation = new Generation(options.chance.entropy);
  }

  get failsOver(): boolean {
    return this.needsReplicas;
  }

  get isUp(): boolean {
    return this.#stage === "up";
  }

  start(): void {
    this.#options.dial().then(
      (socket) => this.#onConnected(socket),
      () => this.#connectLater(),
    );
  }

  stop(): void {
    this.#timer?.cancel();
    this.#stage = "stopped";
    this.#socket?.end();
  }

  async run({ name }: Script, ...args: readonly string[]): Promise<Answer> {
    const { abandonAfterMs } = this.#options;
    const values = await this.#ask(name as RedisCommand["name"], [...this.#generation.words, String(abandonAfterMs), ...args]);
    return this.#generation.read(values, () => this.onForgot());
  }

  async replicated(): Promise<void> {
    if (this.needsReplicas) await this.#ask("WAIT", []);
  }

  async #ask(name: RedisCommand["name"], args: readonly string[]): Promise<readonly string[]> {
    const socket = this.#socket;
    if (this.#stage !== "up" || socket === undefined) throw tryAgain("Redis is away");
    const id = ++this.#lastId;
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
    this.#waiting.set(id, { socket, resolve, reject });
    const timer = this.#options.clock.after(commandTimeoutMs, () => {
      this.#fallSilent();
      reject(tryAgain("Redis does not answer"));
    });
    this.#options.clock.after(0, () => socket.send(encodeBatch({ id, name, args }))); // at the end of what is under way here
    try {
      return await promise;
    } finally {
      timer.cancel();
    }
  }

  #onConnected(socket: LinkSocket): void {
    if (this.#stage === "stopped") return socket.cut();
    this.#socket = socket;
    this.#stage = "up";
    socket.listen({
      onBatch: (batch) => this.#onReply(socket, decodeBatch<RedisReply>(batch)),
      onClose: () => this.#onClose(socket),
    });
  }

  #onReply(socket: LinkSocket, { id, values }: RedisReply): void {
    if (socket === this.#socket && this.#stage === "silent") {
      this.#timer?.cancel();
      this.#stage = "up";
    }
    this.#waiting.get(id)?.resolve(values);
    this.#waiting.delete(id);
  }

  /** Whoever waits for an answer on it gets none; what he asked for may have been done, or will be. */
  #onClose(socket: LinkSocket): void {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.socket !== socket) continue;
      this.#waiting.delete(id);
      waiting.reject(tryAgain("the connection to Redis was lost"));
    }
    if (socket !== this.#socket || this.#stage === "stopped") return;
    this.#timer?.cancel();
    this.#connectLater();
  }

  #connectLater(): void {
    if (this.#stage === "stopped") return;
    const { clock, chance } = this.#options;
    this.#stage = "away";
    this.#socket = undefined;
    this.#timer = clock.after(chance.between(backoffMsMin, backoffMsMax), () => this.start());
  }

  #fallSilent(): void {
    if (this.#stage !== "up") return;
    this.#stage = "silent";
    this.#timer = this.#options.clock.after(silentMs, () => this.#giveUp());
  }

  /** What is on its way on the old connection may still arrive there, behind what is said on a new one. */
  #giveUp(): void {
    const socket = this.#socket;
    this.#connectLater();
    if (this.#options.chance.happens(0.5)) socket?.end();
    else socket?.cut();
  }
}
