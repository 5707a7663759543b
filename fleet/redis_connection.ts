/**
 * The connection to the primary of Redis, made anew for ever: to wherever the primary is by
 * then. One at a time, so commands never overtake each other, and WAIT asks about the writes
 * that went before it.
 *
 *     finding ──found──> there ──lost, or it says it is the primary no more──> finding
 *      │  ^                │
 *      v  │                └─every 2 s, where others know: it is elsewhere──> there
 *     resting
 */
import { ErrorReply } from "@redis/client";
import type { Clock, Timer } from "#runtime/clock.ts";
import { RedisNode, shown } from "./redis_node.ts";
import type { Dial, RedisPrimary } from "./redis_primary.ts";

/** A primary that was replaced and does not know it yet is written to for so long at most. */
const lookEveryMs = 2000;

export interface RedisConnectionOptions {
  primary: RedisPrimary;
  tls: boolean;
  clock: Clock;
  /** How long to rest before the next attempt. */
  backoffMs(): number;
  onReady(connection: RedisConnection): void;
  /** It is lost, or could not be had. */
  onLost(connection: RedisConnection, err: unknown): void;
}

type Stage =
  | { readonly is: "finding" }
  | { readonly is: "there"; readonly node: RedisNode; readonly looks: Timer | undefined }
  | { readonly is: "resting"; readonly timer: Timer }
  | { readonly is: "closed" };

export class RedisConnection {
  readonly #options: RedisConnectionOptions;
  #stage: Stage = { is: "finding" };
  #lastLoss: unknown;

  constructor(options: RedisConnectionOptions) {
    this.#options = options;
    void this.#find();
  }

  /** @throws what Redis has against it, or why the connection was lost: then it may be done. */
  async send(...command: string[]): Promise<unknown> {
    if (this.#stage.is !== "there") throw new Error("not connected");
    const { node } = this.#stage;
    try {
      return await node.send(command);
    } catch (thrown) {
      if (thrown instanceof ErrorReply && this.#options.primary.isElsewhere(thrown)) this.#lost(node, new Error(thrown.message));
      throw this.#has(node) ? thrown : (this.#lastLoss ?? thrown);
    }
  }

  close(): void {
    this.#enter({ is: "closed" });
  }

  async #find(): Promise<void> {
    this.#enter({ is: "finding" });
    const { clock, backoffMs, onLost } = this.#options;
    let node: RedisNode;
    try {
      node = await this.#findOne();
    } catch (thrown) {
      if (this.#stage.is === "closed") return;
      this.#enter({ is: "resting", timer: clock.after(backoffMs(), () => void this.#find()) });
      return onLost(this, thrown);
    }
    if (this.#stage.is === "closed") node.close();
    else this.#take(node);
  }

  async #findOne(): Promise<RedisNode> {
    const node = await this.#options.primary.find(this.#dial);
    node.settle((err) => this.#lost(node, err));
    return node;
  }

  /** Whoever still looks for the primary of a closed connection gets no further. */
  readonly #dial: Dial = (address, access) => {
    const { tls, clock } = this.#options;
    if (this.#stage.is === "closed") return Promise.reject(new Error("closed"));
    return RedisNode.dial({ address, access, tls, clock });
  };

  #take(node: RedisNode): void {
    const { primary, clock, onReady } = this.#options;
    const looks = primary.ask && clock.every(lookEveryMs, () => void this.#look(node));
    this.#enter({ is: "there", node, looks });
    onReady(this);
  }

  #lost(node: RedisNode, err: unknown): void {
    if (!this.#has(node)) return;
    this.#lastLoss = err;
    void this.#find();
    this.#options.onLost(this, err);
  }

  /** Nothing is wrong with the node, as far as it says itself: it is left for a better one only. */
  async #look(node: RedisNode): Promise<void> {
    const found = await this.#findBetter(node).catch(() => undefined); // nobody knows better
    if (found === undefined) return;
    if (!this.#has(node)) return found.close();
    this.#lastLoss = new Error(`the primary is ${shown(found.address)} now`);
    this.#options.onLost(this, this.#lastLoss);
    this.#take(found);
  }

  async #findBetter(node: RedisNode): Promise<RedisNode | undefined> {
    const said = await this.#options.primary.ask?.(this.#dial);
    return said === undefined || shown(said) === shown(node.address) ? undefined : this.#findOne();
  }

  #has(node: RedisNode): boolean {
    return this.#stage.is === "there" && this.#stage.node === node;
  }

  #enter(stage: Stage): void {
    const before = this.#stage;
    if (before.is === "closed") return;
    this.#stage = stage;
    if (before.is === "resting") before.timer.cancel();
    if (before.is !== "there") return;
    before.looks?.cancel();
    before.node.close();
  }
}
