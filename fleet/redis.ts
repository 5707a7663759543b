/**
 * Redis, as the directory and the fleet know it: runs their scripts, quickly or not at all. A
 * Redis that is away, or silent, costs a caller at most a second and then nothing: everything
 * is refused with "try again" until it answers. It connects again by itself, for ever
 * (redis_connection.ts), and notices a Redis that has forgotten (redis_scripts.ts, generation).
 *
 *     away ──connected──> up ──a command unanswered for 1 s──> silent ──5 s──> away
 *      ^                   │ ^                                    │
 *      └───connection lost─┘ └──────────any answer────────────────┘
 */
import type { Clock, Timer } from "#runtime/clock.ts";
import { type Entropy, fraction } from "#runtime/entropy.ts";
import type { Log } from "#runtime/log.ts";
import type { RedisUrl } from "#runtime/redis_url.ts";
import { checkRedis } from "./redis_check.ts";
import { RedisConnection } from "./redis_connection.ts";
import { anyKey, primaryOf, type RedisPrimary } from "./redis_primary.ts";
import { type Script, scripts } from "./redis_scripts.ts";
import { type Answer, Generation, type Store, tryAgain } from "./store.ts";

/** A player waits for this: the gate's own patience is 3 s. */
const commandTimeoutMs = 1000;
/** A connection on which nothing has been answered for so long is given up. */
const silentMs = 5000;
const backoffMsMax = 1000;
/** Replicas come and settings change: both are looked at again this often. */
const checkEveryMs = 60_000;
/** Replicas must have a new life within this (WAIT). */
const waitMs = 1000;

export interface RedisOptions {
  /** Perhaps with a password: it is never logged. */
  url: RedisUrl;
  clock: Clock;
  entropy: Entropy;
  log: Log;
  /** After so much silence an owner's lives may be taken from it; 0 = never. */
  abandonAfterMs: number;
}

type Stage =
  | { readonly is: "away" }
  | { readonly is: "up" }
  | { readonly is: "silent"; readonly timer: Timer }
  | { readonly is: "stopped" };

export class Redis implements Store {
  onForgot: () => void = () => {};
  onUp: () => void = () => {};
  needsReplicas = false;
  readonly #options: RedisOptions;
  readonly #primary: RedisPrimary;
  #connection: RedisConnection | undefined;
  #stage: Stage = { is: "away" };
  readonly #generation: Generation;
  #lastFailure = "";
  #hadReplicas = false;
  #checks: Timer | undefined;
  /** The check of a new connection: until then nobody knows whether there are replicas. */
  #checking: Promise<void> | undefined;
  #alarms: ReadonlySet<string> = new Set();

  constructor(options: RedisOptions) {
    this.#options = options;
    this.#primary = primaryOf(options.url);
    this.#generation = new Generation(options.entropy);
  }

  get isUp(): boolean {
    return this.#stage.is === "up";
  }

  /** Behind sentinels and in a cluster, also while there happens to be no replica. */
  get failsOver(): boolean {
    return this.#options.url.is !== "single" || this.needsReplicas || this.#hadReplicas;
  }

  /** Begins to connect; whether and when that succeeds is told by `run`. */
  start(): void {
    const { url, clock, entropy } = this.#options;
    this.#connection = new RedisConnection({
      ...{ clock, primary: this.#primary, tls: url.tls },
      backoffMs: () => Math.min(backoffMsMax, 100 + 900 * fraction(entropy)),
      onReady: (connection) => this.#connectionOnReady(connection),
      onLost: (connection, err) => this.#connectionOnLost(connection, err),
    });
  }

  stop(): void {
    this.#checks?.cancel();
    this.#enter({ is: "stopped" });
    this.#connection?.close();
  }

  async run(script: Script, ...args: readonly string[]): Promise<Answer> {
    const { abandonAfterMs } = this.#options;
    const all = ["1", anyKey, ...this.#generation.words, String(abandonAfterMs), ...args];
    return this.#generation.read(await this.#bounded(() => this.#evaluate(script, all)), () => this.#forgot());
  }

  /** Asked in the turn of the answer to the write, WAIT goes out where the write went, or nowhere. */
  async replicated(): Promise<void> {
    const checking = this.#checking;
    if (checking !== undefined) await this.#bounded(() => checking);
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
    return this.#connection === undefined ? Promise.reject(new Error("not connected")) : this.#connection.send(...command);
  }

  /** An answer within the timeout, or a refusal. An answer that comes later still says that Redis is there. */
  async #bounded<Result>(act: () => Promise<Result>, timeoutMs = commandTimeoutMs): Promise<Result> {
    if (this.#stage.is !== "up") throw tryAgain("Redis is away");
    const connection = this.#connection;
    const { promise: late, reject } = Promise.withResolvers<never>();
    const timer = this.#options.clock.after(timeoutMs, () => {
      this.#fallSilent();
      reject(new Error(`no answer for ${timeoutMs} ms`));
    });
    try {
      const acted = act();
      acted.then(
        () => this.#heard(connection),
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

  #connectionOnReady(connection: RedisConnection): void {
    if (connection !== this.#connection || this.#stage.is === "stopped") return;
    // Sent ahead of everything else: a script that had to be sent after its first use would come out of turn.
    for (const { text } of Object.values(scripts)) this.#send("SCRIPT", "LOAD", text).catch(() => {});
    this.#enter({ is: "up" });
    this.#checks?.cancel();
    this.#checks = this.#options.clock.every(checkEveryMs, () => this.#check(connection).catch(() => {}));
    this.#checking = this.#check(connection);
    this.#checking.catch(() => {}); // the next connection is looked at, too
  }

  async #check(connection: RedisConnection): Promise<void> {
    const { log } = this.#options;
    const { alarms, needsReplicas } = await checkRedis((...command) => connection.send(...command));
    this.needsReplicas = needsReplicas;
    this.#hadReplicas ||= needsReplicas;
    this.#checking = undefined;
    for (const alarm of alarms) if (!this.#alarms.has(alarm)) log.error("redis alarm", { "event.reason": alarm });
    this.#alarms = new Set(alarms);
  }

  #connectionOnLost(connection: RedisConnection, err: unknown): void {
    if (connection !== this.#connection || this.#stage.is === "stopped") return;
    this.#failed(err);
    this.#enter({ is: "away" });
  }

  #fallSilent(): void {
    if (this.#stage.is !== "up") return;
    this.#enter({ is: "silent", timer: this.#options.clock.after(silentMs, () => this.#giveUp()) });
  }

  #heard(connection: RedisConnection | undefined): void {
    if (connection === this.#connection && this.#stage.is === "silent") this.#enter({ is: "up" });
  }

  /** The other end may be gone without a word: another connection is the way to find out. */
  #giveUp(): void {
    this.#enter({ is: "away" });
    this.#connection?.close();
    this.start();
  }

  #enter(stage: Stage): void {
    const before = this.#stage;
    if (before.is === "silent") before.timer.cancel();
    if (before.is === "stopped") return;
    this.#stage = stage;
    if (stage.is === "up") {
      this.#options.log.info("redis up");
      this.onUp();
    } else if (before.is === "up" && stage.is !== "stopped") this.#options.log.warn("redis down", { "event.reason": this.#lastFailure });
  }

  /** Logged once until something succeeds, or until it is something else. */
  #failed(thrown: unknown): void {
    const reason = reasonOf(thrown);
    if (reason !== this.#lastFailure) this.#options.log.warn("redis failure", { "event.reason": reason });
    this.#lastFailure = reason;
  }
}

/** In words, without anything of the URL but host and port. Several addresses of one name fail together. */
function reasonOf(thrown: unknown): string {
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return thrown.errors.map(reasonOf).join(", ");
  const reason = thrown instanceof Error ? thrown.message || thrown.name : String(thrown);
  return reason.replace(/, with args beginning with: .*/s, ""); // Redis quotes a command that it does not know: AUTH, too
}
