/**
 * The gate's links: one per game server, dialled wherever the fleet says there may be one,
 * again and again with back-off. It knows which server answers where and picks one for new
 * rooms; what is said on a link is server_link.ts's business. An address that leaves the
 * fleet loses no link; it is only not dialled again.
 */
import type { Fleet } from "#fleet/fleet.ts";
import type { LinkChannel } from "#link/channel.ts";
import { greetServer } from "#link/greeting.ts";
import type { LinkSocket } from "#link/socket.ts";
import type { ServerView } from "#protocol/admin_views.ts";
import type { ServerHello } from "#protocol/gen/link_pb.ts";
import type { ToServerWriter } from "#protocol/link.ts";
import { backoffMs } from "#runtime/backoff.ts";
import type { Timer } from "#runtime/clock.ts";
import type { Entropy } from "#runtime/entropy.ts";
import type { Log } from "#runtime/log.ts";
import type { Keys } from "#runtime/settings.ts";
import { ServerLink, type ServerLinkShare } from "./server_link.ts";
import { viewOf } from "./server_view.ts";

/** Sessions are held meanwhile: a server that is back is found within a second. */
const backoff = { msMin: 100, msMax: 1000 };
/** Another address of a server that is linked already is looked at again this often. */
const aliasRetryMs = 30_000;

type Dialling =
  /** On the way: the socket, or the greeting. */
  { readonly is: "dialling" } | { readonly is: "linked"; readonly link: ServerLink } | { readonly is: "waiting"; readonly timer: Timer };

interface Address {
  readonly name: string;
  state: Dialling;
  /** Failures since the last link that came up. */
  failures: number;
  /** Who said last that it answers here, and who has proved it. */
  journal: string | undefined;
  server: ServerHello | undefined;
}

interface LinksOptions extends Omit<ServerLinkShare, "onTold" | "onDown"> {
  log: Log;
  entropy: Entropy;
  fleet: Fleet;
  /** This start of the gate, in hexadecimal. */
  boot: string;
  release: string;
  /** Of the moment. */
  keys(): Keys;
  dial(address: string): Promise<LinkSocket>;
  /** A server has answered, has told what it owns, or has fallen silent. */
  onChange(): void;
  onServerDown(server: ServerHello): void;
  /** Another server, whose rooms died with it, had this address before. */
  onServerReplaced(journal: string): void;
}

export class Links {
  readonly #options: LinksOptions;
  readonly #addresses = new Map<string, Address>();
  readonly #byJournal = new Map<string, ServerLink>();
  readonly #waiters = new Set<() => void>();
  #stage: "dialling" | "stopped" = "dialling";

  constructor(options: LinksOptions) {
    this.#options = options;
  }

  start(): void {
    this.#options.fleet.watch(() => this.#fleetOnChange());
  }

  stop(): void {
    this.#stage = "stopped";
    this.#options.fleet.stop();
    for (const { state } of this.#addresses.values()) {
      if (state.is === "waiting") state.timer.cancel();
      if (state.is === "linked") state.link.cut("the gate stops");
    }
    for (const wake of this.#waiters) wake();
  }

  get count(): number {
    return this.#byJournal.size;
  }

  /** Servers that are offered rooms, and are not linked: the way there is cut, or they are gone and their lease is not. */
  get downCount(): number {
    const isDown = (address: Address): boolean =>
      address.state.is !== "linked" && !this.#isAlias(address) && this.#options.fleet.isOffered(address.journal ?? "");
    return [...this.#addresses.values()].filter(isDown).length;
  }

  all(): Iterable<ServerLink> {
    return this.#byJournal.values();
  }

  /** Whether a server has answered at every address of the fleet and told what it owns. */
  get allTold(): boolean {
    const { addresses, isKnown } = this.#options.fleet;
    return isKnown && addresses.size > 0 && [...addresses].every((address) => this.#hasTold(this.#addresses.get(address)));
  }

  /** Every address where there is a game server, or was one; of the addresses of a server that is linked only that of its link. */
  servers(): ServerView[] {
    const shown = [...this.#addresses.values()].filter((address) => address.state.is === "linked" || !this.#isAlias(address));
    return shown.map(({ name, server, state }) => {
      const link = state.is === "linked" ? state.link : undefined;
      return viewOf(name, server, link, link !== undefined && this.#options.fleet.isOffered(link.server.journal));
    });
  }

  /** The link to the server with this journal. */
  to(journal: string): ServerLink | undefined {
    return this.#byJournal.get(journal);
  }

  /** Resolves at the next change of links, or after `timeoutMs`. */
  change(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        timer.cancel();
        this.#waiters.delete(wake);
        resolve();
      };
      const timer = this.#options.clock.after(timeoutMs, wake);
      this.#waiters.add(wake);
    });
  }

  /** The server that a new room of `game` goes to: with a lease, ready, with the fewest rooms, whatever its release. */
  forNewRoom(game: string): ServerLink | undefined {
    return least(
      this.#offered(game).filter((link) => link.takesNewRooms),
      (link) => link.load,
    );
  }

  /** The server whose rooms have a free seat for this match; the fullest, so that rooms fill up. */
  forMatch(game: string, options: string): ServerLink | undefined {
    const withSeats = this.#offered(game).filter((link) => link.freeSeats(game, options) > 0);
    return least(withSeats, (link) => link.freeSeats(game, options));
  }

  /** Any server that deals `game`, draining or not. */
  anyFor(game: string): ServerLink | undefined {
    return this.#dealing(game)[0];
  }

  #hasTold(address: Address | undefined): boolean {
    return address?.journal !== undefined && (this.to(address.journal)?.hasTold ?? false);
  }

  /** Servers with a lease: the others may be leaving, or cut off from the directory. */
  #offered(game: string): ServerLink[] {
    return this.#dealing(game).filter((link) => this.#options.fleet.isOffered(link.server.journal));
  }

  #dealing(game: string): ServerLink[] {
    return [...this.#byJournal.values()].filter((link) => link.deals(game));
  }

  #fleetOnChange(): void {
    for (const name of this.#options.fleet.addresses) {
      if (!this.#addresses.has(name))
        void this.#dial({ name, state: { is: "dialling" }, failures: 0, journal: undefined, server: undefined });
    }
  }

  async #dial(address: Address): Promise<void> {
    this.#addresses.set(address.name, address);
    address.state = { is: "dialling" };
    try {
      const socket = await this.#options.dial(address.name);
      if (this.#stage === "stopped") return socket.cut();
      greetServer(socket, {
        ...this.#options,
        keys: this.#options.keys(),
        refuse: (journal, boot) => this.#refuse(address, journal, boot),
        onUp: (channel, server) => this.#greetingOnUp(address, channel, server),
        onFailed: (why) => this.#onFailed(address, why),
      });
    } catch (thrown) {
      this.#onFailed(address, String(thrown));
    }
  }

  /** One link per server: another address of it, or an older start of it, is not greeted. */
  #refuse(address: Address, journal: string, boot: number): string | undefined {
    address.journal = journal;
    const other = this.#byJournal.get(journal);
    if (other === undefined || boot > other.server.boot) return undefined;
    return boot === other.server.boot
      ? "another address of a server that is linked already"
      : "an older start of a server that is linked already";
  }

  #greetingOnUp(address: Address, channel: LinkChannel<ToServerWriter>, server: ServerHello): void {
    const refusal = this.#stage === "stopped" ? "the gate stops" : this.#refuse(address, server.journal, server.boot);
    if (refusal !== undefined) return channel.cut(refusal);
    const before = address.server;
    address.server = server;
    address.failures = 0;
    this.#byJournal.get(server.journal)?.cut("a newer start of this server has answered");
    const link = new ServerLink(channel, server, {
      ...this.#options,
      onTold: () => this.#changed(),
      onDown: (why) => this.#linkOnDown(address, link, why),
    });
    address.state = { is: "linked", link };
    this.#byJournal.set(server.journal, link);
    this.#options.log.info("link up", {
      "server.address": address.name,
      "link.peer": `${server.journal}/${server.boot} ${server.release}`,
    });
    if (before !== undefined && this.#isReplaced(before, server)) this.#options.onServerReplaced(before.journal);
    this.#changed();
  }

  /** Whether `server` answers where one whose rooms died with its process has answered, and answers nowhere now. */
  #isReplaced(before: ServerHello, server: ServerHello): boolean {
    return before.journal !== server.journal && !before.durable && !this.#byJournal.has(before.journal);
  }

  #onFailed(address: Address, why: string): void {
    const isNew = address.failures === 0 && !this.#isAlias(address);
    this.#options.log[isNew ? "warn" : "debug"]("link down", { "server.address": address.name, "event.reason": why });
    this.#dialLater(address);
  }

  #linkOnDown(address: Address, link: ServerLink, why: string): void {
    const { journal } = link.server;
    this.#options.log[this.#stage === "stopped" ? "info" : "warn"]("link down", { "server.address": address.name, "event.reason": why });
    if (this.#stage === "stopped") return;
    if (this.#byJournal.get(journal) === link) {
      this.#byJournal.delete(journal);
      this.#options.onServerDown(link.server);
      this.#dialAliases(journal);
    }
    this.#dialLater(address);
    this.#changed();
  }

  #dialLater(address: Address): void {
    if (this.#stage === "stopped") return;
    if (!this.#options.fleet.addresses.has(address.name)) {
      this.#addresses.delete(address.name);
      return;
    }
    const { clock, entropy } = this.#options;
    const delayMs = this.#isAlias(address) ? aliasRetryMs : backoffMs(backoff, address.failures, entropy);
    address.failures += 1;
    address.state = { is: "waiting", timer: clock.after(delayMs, () => void this.#dial(address)) };
  }

  /** Whether the server that answers here is linked by another address. */
  #isAlias({ journal }: Address): boolean {
    return journal !== undefined && this.#byJournal.has(journal);
  }

  /** The other addresses of a server that is lost: one of them may still lead to it. */
  #dialAliases(journal: string): void {
    for (const address of this.#addresses.values()) {
      if (address.journal !== journal || address.state.is !== "waiting") continue;
      address.state.timer.cancel();
      void this.#dial(address);
    }
  }

  #changed(): void {
    this.#options.onChange();
    for (const wake of [...this.#waiters]) wake();
  }
}

function least<Item>(items: readonly Item[], measure: (item: Item) => number): Item | undefined {
  return items.reduce<Item | undefined>((best, item) => (best === undefined || measure(item) < measure(best) ? item : best), undefined);
}
