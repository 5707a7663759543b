/**
 * The network between processes: connections that keep their order, take their time, and are
 * cut, stuck or refused. A connection between two processes is delayed while the two are
 * cut off from each other, and lost when one of them is.
 */
import type { LinkListener, LinkSocket } from "#link/socket.ts";
import type { Chance } from "./chance.ts";
import type { SimProcess } from "./process.ts";
import type { Scheduler } from "./scheduler.ts";

const latencyMsMax = 3;
const dialTimeoutMs = 2000;

interface NetworkOptions {
  scheduler: Scheduler;
  chance: Chance;
}

export class SimNetwork {
  readonly #options: NetworkOptions;
  readonly #connections = new Set<Connection>();
  /** Until when nothing passes between two processes. */
  readonly #partitions = new Map<string, number>();

  constructor(options: NetworkOptions) {
    this.#options = options;
  }

  /** Connections that are open. */
  get connections(): readonly Connection[] {
    return [...this.#connections];
  }

  /** Opens a connection from `from` to whoever is `to` when it arrives; `accept` runs there. */
  dial(from: SimProcess, to: () => SimProcess | undefined, accept: (socket: LinkSocket) => void): Promise<LinkSocket> {
    const { scheduler, chance } = this.#options;
    return new Promise((resolve, reject) => {
      scheduler.after(chance.between(0.1, latencyMsMax), () => {
        const process = to();
        const isCutOff = process !== undefined && this.openAtMs(from.name, process.name) > scheduler.now;
        if (process?.isAlive && !process.isPaused && !isCutOff) {
          const connection = new Connection(from, process, this, this.#options);
          this.#connections.add(connection);
          process.soon(0, () => accept(connection.there));
          from.soon(chance.between(0.1, latencyMsMax), () => resolve(connection.here));
        } else from.soon(process?.isAlive ? dialTimeoutMs : 1, () => reject(new Error("nobody answers")));
      });
    });
  }

  /** Nothing passes between the two for so long; what was sent meanwhile arrives afterwards, unless the connection is lost. */
  partition(a: string, b: string, forMs: number): void {
    const untilMs = this.#options.scheduler.now + forMs;
    for (const pair of [`${a} ${b}`, `${b} ${a}`]) this.#partitions.set(pair, Math.max(untilMs, this.#partitions.get(pair) ?? 0));
  }

  heal(): void {
    this.#partitions.clear();
  }

  /** When the way from a to b is open. */
  openAtMs(a: string, b: string): number {
    return this.#partitions.get(`${a} ${b}`) ?? 0;
  }

  /** The process is dead: the others learn it at once from their kernels, or never (its machine is gone). */
  killed(process: SimProcess, isSilent: boolean): void {
    for (const connection of this.#connections) {
      if (!connection.isBetween(process)) continue;
      if (isSilent) connection.stick();
      else connection.cut("reset");
    }
  }

  /** The process has ended by itself: what it had sent still arrives, and then its end. */
  left(process: SimProcess): void {
    for (const connection of this.#connections) if (connection.isBetween(process)) connection.endFrom(process);
  }

  /** For connections themselves. */
  closed(connection: Connection): void {
    this.#connections.delete(connection);
  }
}

/** Two ends. */
export class Connection {
  readonly here: ConnectionEnd;
  readonly there: ConnectionEnd;
  readonly #network: SimNetwork;
  #isStuck = false;

  constructor(from: SimProcess, to: SimProcess, network: SimNetwork, options: NetworkOptions) {
    this.#network = network;
    const send = (a: SimProcess, b: SimProcess) => ({
      process: a,
      peer: b.name,
      isStuck: () => this.#isStuck,
      openAtMs: () => network.openAtMs(a.name, b.name),
      cut: () => this.cut("cut by the other end"),
    });
    this.here = new ConnectionEnd(send(from, to), options);
    this.there = new ConnectionEnd(send(to, from), options);
    this.here.other = this.there;
    this.there.other = this.here;
  }

  isBetween(process: SimProcess): boolean {
    return this.here.process === process || this.there.process === process;
  }

  /** This end of it is closed. */
  endFrom(process: SimProcess): void {
    for (const end of [this.here, this.there]) if (end.process === process) end.end();
    this.#network.closed(this);
  }

  /** The connection breaks: what is under way is lost. */
  cut(why: string): void {
    for (const end of [this.here, this.there]) end.closeSoon(why);
    this.#network.closed(this);
  }

  /** Nothing passes any more, and nobody is told (half open). */
  stick(): void {
    this.#isStuck = true;
  }
}

interface EndOptions {
  process: SimProcess;
  peer: string;
  isStuck(): boolean;
  openAtMs(): number;
  cut(): void;
}

export class ConnectionEnd implements LinkSocket {
  readonly process: SimProcess;
  readonly peer: string;
  readonly queuedBytes = 0;
  other: ConnectionEnd | undefined;
  readonly #end: EndOptions;
  readonly #options: NetworkOptions;
  #listener: LinkListener | undefined;
  /** What came before anybody listened. */
  readonly #unread: Uint8Array[] = [];
  #isOpen = true;
  #lastArrivalMs = 0;

  constructor(end: EndOptions, options: NetworkOptions) {
    this.process = end.process;
    this.peer = end.peer;
    this.#end = end;
    this.#options = options;
  }

  listen(listener: LinkListener): void {
    this.#listener = listener;
    for (const batch of this.#unread.splice(0)) this.process.soon(0, () => this.#receive(batch));
  }

  send(batch: Uint8Array): void {
    if (!this.process.isAlive || !this.#isOpen) return;
    this.process.spendSend();
    this.#transport((other) => other.#receive(batch));
  }

  end(): void {
    this.#transport((other) => other.#close("closed by the other end"));
    this.closeSoon("closed");
  }

  cut(): void {
    this.#end.cut();
  }

  closeSoon(why: string): void {
    this.process.soon(this.#options.chance.between(0, 1), () => this.#close(why));
  }

  /** Brings something to the other end, after everything that was sent before. */
  #transport(arrive: (other: ConnectionEnd) => void): void {
    const { scheduler, chance } = this.#options;
    const { other } = this;
    if (other === undefined || this.#end.isStuck()) return;
    const startMs = Math.max(scheduler.now, this.#end.openAtMs());
    this.#lastArrivalMs = Math.max(this.#lastArrivalMs, startMs + chance.between(0.05, latencyMsMax));
    other.process.soon(this.#lastArrivalMs - scheduler.now, () => {
      if (!this.#end.isStuck()) arrive(other);
    });
  }

  #receive(batch: Uint8Array): void {
    if (!this.#isOpen) return;
    if (this.#listener === undefined) this.#unread.push(batch);
    else this.#listener.onBatch(batch);
  }

  #close(why: string): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#listener?.onClose(why);
  }
}
