/**
 * The static fleet: `GAME_SERVERS=dice=host:60001,…`. Names are looked up again every few
 * seconds, so that a server behind a name may come back with another address; every address
 * of a name counts. A name that stops resolving keeps its last addresses.
 */
import { lookup } from "node:dns/promises";
import { isIPv6 } from "node:net";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { Log } from "#runtime/log.ts";
import type { ServerName } from "#runtime/settings.ts";
import type { Fleet } from "./fleet.ts";

const lookupEveryMs = 5000;

/** Gives every address of a host name; replaced in tests. */
export type Resolve = (host: string) => Promise<readonly string[]>;

const systemResolve: Resolve = async (host) => (await lookup(host, { all: true })).map(({ address }) => address);

export class StaticFleet implements Fleet {
  readonly games: ReadonlySet<string>;
  readonly #names: readonly ServerName[];
  readonly #found = new Map<string, readonly string[]>();
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #resolve: Resolve;
  #addresses: ReadonlySet<string> = new Set();
  #timer: Timer | undefined;
  #stopped = false;

  constructor(names: readonly ServerName[], { clock, log, resolve = systemResolve }: { clock: Clock; log: Log; resolve?: Resolve }) {
    this.#names = names;
    this.games = new Set(names.map(({ game }) => game));
    this.#clock = clock;
    this.#log = log;
    this.#resolve = resolve;
  }

  get addresses(): ReadonlySet<string> {
    return this.#addresses;
  }

  watch(onChange: () => void): void {
    const look = async (): Promise<void> => {
      await Promise.all(this.#names.map((name) => this.#look(name)));
      if (this.#stopped) return;
      const addresses = new Set([...this.#found.values()].flat());
      const changed = addresses.symmetricDifference(this.#addresses).size > 0;
      this.#addresses = addresses;
      if (changed) onChange();
      this.#timer = this.#clock.after(lookupEveryMs, () => void look());
    };
    void look();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }

  async #look({ host, port }: ServerName): Promise<void> {
    try {
      const addresses = await this.#resolve(host);
      this.#found.set(
        `${host}:${port}`,
        addresses.map((address) => (isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`)),
      );
    } catch (err) {
      this.#log.debug("lookup failure", { "server.address": `${host}:${port}`, err });
    }
  }
}
