/**
 * The other game servers, as this one reaches them when a room must go: dialled when they
 * are needed, by the addresses of the fleet, and linked for as long as both ends live.
 */
import type { Fleet } from "#fleet/fleet.ts";
import type { LinkChannel } from "#link/channel.ts";
import { greetServer } from "#link/greeting.ts";
import type { LinkSocket } from "#link/socket.ts";
import type { ServerHello } from "#protocol/gen/link_pb.ts";
import type { ToServerWriter } from "#protocol/link.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Entropy } from "#runtime/entropy.ts";
import type { Log } from "#runtime/log.ts";
import type { Keys } from "#runtime/settings.ts";
import { PeerLink } from "./peer_link.ts";

/** An address that does not answer is not waited for any longer: rooms are frozen meanwhile, or a drain waits. */
const dialTimeoutMs = 2000;
/** An address that did not answer is left alone for so long. */
const retryMs = 1000;
/** Our own address, which a fleet has too, for so long: another server may get it. */
const ownRetryMs = 30_000;

interface PeersOptions {
  clock: Clock;
  entropy: Entropy;
  log: Log;
  fleet: Fleet;
  /** Who we are. */
  journal: string;
  /** Rooms that outlive their process are given only to servers where they still do. */
  isDurable: boolean;
  release: string;
  /** Of the moment. */
  keys(): Keys;
  dial(address: string): Promise<LinkSocket>;
}

export class Peers {
  readonly #options: PeersOptions;
  /** By journal: one link to each server, at one address. */
  readonly #links = new Map<string, PeerLink>();
  /** Addresses that are being dialled, or shall not be dialled before a time. */
  readonly #dialling = new Map<string, Promise<void>>();
  readonly #notBeforeMs = new Map<string, number>();
  #stage: "up" | "stopped" = "up";

  constructor(options: PeersOptions) {
    this.#options = options;
    options.fleet.watch(() => {});
  }

  /**
   * Servers that may be offered a room of `game` whose state has this version: the one that was started last first, then the
   * one with the fewest rooms.
   */
  async takers(game: string, version: number): Promise<PeerLink[]> {
    const { fleet, isDurable } = this.#options;
    await this.#dialAll();
    const takers = [...this.#links.values()].filter((link) => {
      const { server, takesRooms } = link;
      const mayHave = takesRooms && (server.durable || !isDurable) && fleet.isOffered(server.journal);
      return mayHave && server.games.includes(game) && link.reads(game, version);
    });
    return takers.toSorted((a, b) => b.server.startedAtMs - a.server.startedAtMs || a.rooms - b.rooms);
  }

  /** The server with this journal, if it answers. */
  async to(journal: string): Promise<PeerLink | undefined> {
    if (!this.#links.has(journal)) await this.#dialAll();
    return this.#links.get(journal);
  }

  stop(): void {
    this.#stage = "stopped";
    this.#options.fleet.stop();
    for (const link of [...this.#links.values()]) link.end("the game server stops");
  }

  async #dialAll(): Promise<void> {
    const now = this.#options.clock.now();
    const linked = new Set([...this.#links.values()].map(({ address }) => address));
    const due = [...this.#options.fleet.addresses].filter(
      (address) => !linked.has(address) && (this.#notBeforeMs.get(address) ?? 0) <= now,
    );
    await Promise.all(due.map((address) => this.#dialOnce(address)));
  }

  #dialOnce(address: string): Promise<void> {
    const known = this.#dialling.get(address);
    if (known !== undefined) return known;
    const dialling = this.#dial(address).finally(() => this.#dialling.delete(address));
    this.#dialling.set(address, dialling);
    return dialling;
  }

  #dial(address: string): Promise<void> {
    const { clock, log, dial, journal, entropy, keys, release } = this.#options;
    return new Promise((resolve) => {
      const done = (): void => {
        timeout.cancel();
        resolve();
      };
      const timeout = clock.after(dialTimeoutMs, done);
      let isOwn = false;
      const refuse = (other: string): string | undefined => {
        isOwn = other === journal;
        return this.#refuse(other);
      };
      const onFailed = (why: string): void => {
        log.debug("peer down", { "server.address": address, "event.reason": why });
        this.#notBeforeMs.set(address, clock.now() + (isOwn ? ownRetryMs : retryMs));
        done();
      };
      const onSocket = (socket: LinkSocket): void => {
        if (this.#stage === "stopped") return socket.cut();
        greetServer(socket, {
          ...{ clock, entropy, keys: keys(), release, boot: journal, isServer: true },
          refuse,
          onUp: (channel, server) => {
            this.#onUp(address, channel, server);
            done();
          },
          onFailed,
        });
      };
      dial(address).then(onSocket, (thrown: unknown) => onFailed(String(thrown)));
    });
  }

  #refuse(journal: string): string | undefined {
    if (journal === this.#options.journal) return "this is our own address";
    return this.#links.has(journal) ? "another address of a server that is linked already" : undefined;
  }

  #onUp(address: string, channel: LinkChannel<ToServerWriter>, server: ServerHello): void {
    const refusal = this.#stage === "stopped" ? "the game server stops" : this.#refuse(server.journal);
    if (refusal !== undefined) return channel.cut(refusal);
    const { clock, log } = this.#options;
    const link = new PeerLink(channel, server, {
      ...{ clock, address },
      onDown: (why) => {
        log.info("peer down", { "server.address": address, "event.reason": why });
        if (this.#links.get(server.journal) === link) this.#links.delete(server.journal);
      },
    });
    log.info("peer up", { "server.address": address, "link.peer": `${server.journal}/${server.boot} ${server.release}` });
    this.#links.set(server.journal, link);
  }
}
