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
  readonly #timers = new Map<string, Timer>();
  #stage: "watching" | "stopped" = "watching";

  constructor(names: readonly ServerName[], { clock, log, resolve = systemResolve }: { clock: Clock; log: Log; resolve?: Resolve }) {
    this.#names = [...new Map(names.map((name) => [placeOf(name), name])).values()];
    this.games = new Set(names.map(({ game }) => game));
    this.#clock = clock;
    this.#log = log;
    this.#resolve = resolve;
  }

  get isKnown(): boolean {
    return this.#found.size === this.#names.length;
  }

  get addresses(): ReadonlySet<string> {
    return this.#addresses;
  }

  /** A name that stops resolving keeps its addresses. */
  get isUp(): boolean {
    return true;
  }

  isOffered(): boolean {
    return true;
  }

  /** Each name by itself: one that hangs holds no other back. */
  watch(onChange: () => void): void {
    for (const name of this.#names) void this.#look(name, onChange);
  }

  stop(): void {
    this.#stage = "stopped";
    for (const timer of this.#timers.values()) timer.cancel();
  }

  async #look(name: ServerName, onChange: () => void): Promise<void> {
    const place = placeOf(name);
    try {
      const addresses = await this.#resolve(name.host);
      this.#found.set(
        place,
        addresses.map((address) => (isIPv6(address) ? `[${address}]:${name.port}` : `${address}:${name.port}`)),
      );
    } catch (err) {
      this.#log.debug("lookup failure", { "server.address": place, err });
    }
    if (this.#stage === "stopped") return;
    this.#timers.set(
      place,
      this.#clock.after(lookupEveryMs, () => void this.#look(name, onChange)),
    );
    const addresses = new Set([...this.#found.values()].flat());
    const isChanged = addresses.symmetricDifference(this.#addresses).size > 0;
    this.#addresses = addresses;
    if (isChanged) onChange();
  }
}

function placeOf({ host, port }: ServerName): string {
  return `${host}:${port}`;
}
