/**
 * The fleet on Kubernetes: game servers show themselves in Redis, as everywhere, and the ready
 * endpoints of some Services say which of them may be offered rooms, nothing more. So a server that a
 * Service does not select any more, or that never gets ready, is still found by whoever has a room there.
 */
import type { Fleet } from "./fleet.ts";
import type { RedisFleet } from "./fleet_redis.ts";
import type { ReadyEndpoints } from "./ready_endpoints.ts";

export class KubernetesFleet implements Fleet {
  readonly #shown: RedisFleet;
  readonly #ready: ReadyEndpoints;

  constructor(shown: RedisFleet, ready: ReadyEndpoints) {
    this.#shown = shown;
    this.#ready = ready;
  }

  get games(): ReadonlySet<string> {
    return this.#shown.games;
  }

  get isKnown(): boolean {
    return this.#shown.isKnown;
  }

  get isUp(): boolean {
    return this.#shown.isUp && this.#ready.isUp;
  }

  get addresses(): ReadonlySet<string> {
    return this.#shown.addresses;
  }

  isOffered(journal: string): boolean {
    const address = this.#shown.addressOf(journal);
    return address !== undefined && this.#shown.isOffered(journal) && this.#ready.has(address);
  }

  watch(onChange: () => void): void {
    this.#ready.start();
    this.#shown.watch(onChange);
  }

  stop(): void {
    this.#ready.stop();
    this.#shown.stop();
  }
}
