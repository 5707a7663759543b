/**
 * The fleet in Redis: game servers that show themselves there, with a lease. A gate looks
 * every second. An address stays after its server's lease has ended, since its rooms may
 * still be played there; the lease decides only who is offered new rooms. While Redis is
 * away the fleet is what it was, and a game that was dealt once is known for good.
 */
import type { Clock, Timer } from "#runtime/clock.ts";
import type { Fleet } from "./fleet.ts";
import { scripts } from "./redis_scripts.ts";
import type { ServerRecord } from "./server_record.ts";
import { type Store, unlessRefused } from "./store.ts";

const lookEveryMs = 1000;

export class RedisFleet implements Fleet {
  readonly #redis: Pick<Store, "run">;
  readonly #clock: Clock;
  /** By journal: every server that shows itself, those without a lease too. */
  #servers: ReadonlyMap<string, ServerRecord> = new Map();
  #offered: ReadonlySet<string> = new Set();
  #isUp = false;
  #addresses: ReadonlySet<string> = new Set();
  readonly #games = new Set<string>();
  #next: Timer | undefined;
  #stage: "watching" | "stopped" = "watching";

  constructor(redis: Pick<Store, "run">, clock: Clock) {
    this.#redis = redis;
    this.#clock = clock;
  }

  get games(): ReadonlySet<string> {
    return this.#games;
  }

  get addresses(): ReadonlySet<string> {
    return this.#addresses;
  }

  /** Not before the first server has been seen: a Redis that has just forgotten shows none. */
  get isKnown(): boolean {
    return this.#games.size > 0;
  }

  get isUp(): boolean {
    return this.#isUp;
  }

  /** Where the server with this journal is, if it shows itself. */
  addressOf(journal: string): string | undefined {
    return this.#servers.get(journal)?.address;
  }

  /** With a lease, and not draining. */
  isOffered(journal: string): boolean {
    return this.#offered.has(journal);
  }

  watch(onChange: () => void): void {
    void this.#look(onChange);
  }

  stop(): void {
    this.#stage = "stopped";
    this.#next?.cancel();
  }

  async #look(onChange: () => void): Promise<void> {
    try {
      const { values } = await this.#redis.run(scripts.fleet);
      this.#isUp = true;
      if (this.#take(values)) onChange();
    } catch (thrown) {
      this.#isUp = false;
      unlessRefused(thrown);
    }
    if (this.#stage === "stopped") return;
    this.#next = this.#clock.after(lookEveryMs, () => void this.#look(onChange));
  }

  /** Says whether the addresses have changed. */
  #take(values: readonly string[]): boolean {
    const servers = new Map<string, ServerRecord>();
    const offered = new Set<string>();
    for (let at = 0; at + 1 < values.length; at += 2) {
      const server = JSON.parse(values[at] ?? "") as ServerRecord;
      servers.set(server.journal, server);
      if (values[at + 1] === "1" && !server.isDraining) offered.add(server.journal);
    }
    const addresses = new Set(servers.values().map(({ address }) => address));
    const isChanged = addresses.symmetricDifference(this.#addresses).size > 0;
    this.#servers = servers;
    this.#offered = offered;
    this.#addresses = addresses;
    for (const game of servers.values().flatMap(({ games }) => games)) this.#games.add(game);
    return isChanged;
  }
}
