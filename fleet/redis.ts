/**
 * The connection to Redis: runs the scripts of the directory and the fleet, quickly or not
 * at all. A Redis that is away, or silent, costs a caller at most a second and then nothing:
 * everything is refused with "try again" until it answers. It connects again by itself, for
 * ever, and notices a Redis that has forgotten (redis_scripts.ts, generation).
 *
 *     away ──connected──> up ──a command unanswered for 1 s──> silent ──5 s──> away
 *      ^                   │ ^                                    │
 *      └───connection lost─┘ └──────────any answer────────────────┘
 */
import { createClient } from "@redis/client";
import type { Clock, Timer } from "#runtime/clock.ts";
import { type Entropy, fraction } from "#runtime/entropy.ts";
import type { Log } from "#runtime/log.ts";
import { checkRedis } from "./redis_check.ts";
import { type Script, scripts } from "./redis_scripts.ts";
import { type Answer, Generation, type Store, tryAgain } from "./store.ts";

/** A player waits for this: the gate's own patience is 3 s. */
const commandTimeoutMs = 1000;
const connectTimeoutMs = 2000;
/** A connection on which nothing has been answered for so long is given up. */
const silentMs = 5000;
const backoffMsMax = 1000;
/** Replicas come and settings change: both are looked at again this often. */
const checkEveryMs = 60_000;
/** Commands under way: more are refused. A busy server has a few hundred. */
const commandsMax = 20_000;
/** Replicas must have a new life within this (WAIT). */
const waitMs = 1000;

export interface RedisOptions {
  /** redis:// or rediss://, perhaps with a password: it is never logged. */
  url: string;
  clock: Clock;
  entropy: Entropy;
  log: Log;
  /** After so much silence an owner's lives may be taken from it; 0 = never. */
  abandonAfterMs: number;
}

type Client = ReturnType<typeof open>;
type Stage =
  | { readonly is: "away" }
  | { readonly is: "up" }
  | { readonly is: "silent"; readonly timer: Timer }
  | { readonly is: "stopped" };

export class Redis implements Store {
  onForgot: () => void = () => {};
  needsReplicas = false;
  readonly #options: RedisOptions;
  #client: Client | undefined;
  #stage: Stage = { is: "away" };
  readonly #generation: Generation;
  #lastFailure = "";
  #checks: Timer | undefined;
  #alarms: ReadonlySet<string> = new Set();

  constructor(options: RedisOptions) {
    this.#options = options;
    this.#generation = new Generation(options.entropy);
  }

  get isUp(): boolean {
    return this.#stage.is === "up";
  }

  /** Begins to connect; whether and when that succeeds is told by `run`. */
  start(): void {
    const { url, entropy } = this.#options;
    const client = open(url, () => Math.min(backoffMsMax, 100 + 900 * fraction(entropy)));
    this.#client = client;
    client.on("ready", () => this.#clientOnReady(client));
    client.on("error", (err: Error) => this.#clientOnError(client, err));
    client.connect().catch(() => {}); // stopped meanwhile: every other failure is tried again
  }

  stop(): void {
    this.#checks?.cancel();
    this.#enter({ is: "stopped" });
    this.#client?.destroy();
  }

  async run(script: Script, ...args: readonly string[]): Promise<Answer> {
    const { abandonAfterMs } = this.#options;
    const key = "{croupier}:generation";
    const all = ["1", key, ...this.#generation.words, String(abandonAfterMs), ...args];
    return this.#generation.read(await this.#bounded(() => this.#evaluate(script, all)), () => this.#forgot());
  }

  async replicated(): Promise<void> {
    if (!this.needsReplicas) return;
    const count = await this.#bounded(() => this.#send("WAIT", "1", String(waitMs)), waitMs + commandTimeoutMs);
    if (Number(count) < 1) throw tryAgain("no replica of Redis has confirmed");
  }

  async #evaluate({ sha, text }: Script, args: readonly string[]): Promise<unknown[]> {
    try {
      return (await this.#send("EVALSHA", sha, ...args)) as unknown[];
    } catch (thrown) {
      if (!(thrown instanceof Error && thrown.message.startsWith("NOSCRIPT"))) throw thrown;
      return (await this.#send("EVAL", text, ...args)) as unknown[];
    }
  }

  #send(...command: string[]): Promise<unknown> {
    return this.#client === undefined ? Promise.reject(new Error("not connected")) : this.#client.sendCommand(command);
  }

  /** An answer within the timeout, or a refusal. An answer that comes later still says that Redis is there. */
  async #bounded<Result>(act: () => Promise<Result>, timeoutMs = commandTimeoutMs): Promise<Result> {
    if (this.#stage.is !== "up") throw tryAgain("Redis is away");
    const client = this.#client;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = this.#options.clock.after(timeoutMs, () => {
      this.#fallSilent();
      reject(new Error(`no answer for ${timeoutMs} ms`));
    });
    try {
      const acted = act();
      acted.then(
        () => this.#heard(client),
        () => {},
      );
      const result = await Promise.race([acted, late]);
      this.#lastFailure = "";
      return result;
    } catch (thrown) {
      this.#failed(thrown);
      throw tryAgain("Redis does not answer", thrown);
    } finally {
      timer.cancel();
    }
  }

  #forgot(): void {
    this.#options.log.warn("directory forgot", { "event.reason": "Redis has lost its memory, or is another one: it is told again" });
    this.onForgot();
  }

  #clientOnReady(client: Client): void {
    if (client !== this.#client || this.#stage.is === "stopped") return;
    // Sent ahead of everything else: a script that had to be sent after its first use would come out of turn.
    for (const { text } of Object.values(scripts)) this.#send("SCRIPT", "LOAD", text).catch(() => {});
    this.#enter({ is: "up" });
    this.#checks?.cancel();
    this.#checks = this.#options.clock.every(checkEveryMs, () => this.#lookAt(client));
    this.#lookAt(client);
  }

  #lookAt(client: Client): void {
    this.#check(client).catch(() => {}); // the next connection is looked at, too
  }

  async #check(client: Client): Promise<void> {
    const { log } = this.#options;
    const { alarms, needsReplicas } = await checkRedis((...command) => client.sendCommand(command));
    this.needsReplicas = needsReplicas;
    for (const alarm of alarms) if (!this.#alarms.has(alarm)) log.error("redis alarm", { "event.reason": alarm });
    this.#alarms = new Set(alarms);
  }

  #clientOnError(client: Client, err: Error): void {
    if (client !== this.#client || this.#stage.is === "stopped") return;
    this.#failed(err);
    this.#enter({ is: "away" });
  }

  #fallSilent(): void {
    if (this.#stage.is !== "up") return;
    this.#enter({ is: "silent", timer: this.#options.clock.after(silentMs, () => this.#giveUp()) });
  }

  #heard(client: Client | undefined): void {
    if (client === this.#client && this.#stage.is === "silent") this.#enter({ is: "up" });
  }

  /** The other end may be gone without a word: another connection is the way to find out. */
  #giveUp(): void {
    this.#enter({ is: "away" });
    this.#client?.destroy();
    this.start();
  }

  #enter(stage: Stage): void {
    const before = this.#stage;
    if (before.is === "silent") before.timer.cancel();
    if (before.is === "stopped") return;
    this.#stage = stage;
    if (stage.is === "up") this.#options.log.info("redis up");
    else if (before.is === "up" && stage.is !== "stopped") this.#options.log.warn("redis down", { "event.reason": this.#lastFailure });
  }

  /** Logged once until something succeeds, or until it is something else. */
  #failed(thrown: unknown): void {
    const reason = reasonOf(thrown);
    if (reason !== this.#lastFailure) this.#options.log.warn("redis failure", { "event.reason": reason });
    this.#lastFailure = reason;
  }
}

/** Nothing is queued while there is no connection; RESP 2 is what every Redis and Valkey speaks. */
function open(url: string, backoffMs: () => number) {
  return createClient({
    url,
    RESP: 2,
    disableOfflineQueue: true,
    commandsQueueMaxLength: commandsMax,
    socket: { connectTimeout: connectTimeoutMs, reconnectStrategy: () => Math.round(backoffMs()) },
  });
}

/** In words, without anything of the URL but host and port. Several addresses of one name fail together. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return thrown.errors.map(reasonOf).join(", ");
  return thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
}
