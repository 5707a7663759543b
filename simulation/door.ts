/**
 * The simulated way between a client and a gate: a connection of whole frames that keeps its
 * order, holds back what a paused gate does not read, and ends by either side or with the
 * gate's process.
 */

import type { Door, ListenerOptions } from "#door/listener.ts";
import type { SocketEnd, SocketListener } from "#door/player_socket.ts";
import type { SessionSocket } from "#door/session.ts";
import { type CloseCodeName, closeCodes } from "#protocol/close_codes.ts";
import type { Frame } from "#protocol/frame.ts";
import type { Chance } from "./chance.ts";
import type { ClientListener, ClientSocket } from "./ledger_player.ts";
import type { SimProcess } from "./process.ts";
import type { Scheduler } from "./scheduler.ts";

const latencyMsMax = 5;

interface DoorOptions {
  scheduler: Scheduler;
  chance: Chance;
  process: SimProcess;
  onPlayer: ListenerOptions["onPlayer"];
}

export class SimDoor implements Door {
  readonly #options: DoorOptions;
  readonly #sockets = new Set<SimSocket>();
  #isOpen = false;

  constructor(options: DoorOptions) {
    this.#options = options;
  }

  async listen(): Promise<number> {
    this.#isOpen = true;
    return 0;
  }

  refuseNew(): void {
    this.#isOpen = false;
  }

  acceptNew(): void {
    this.#isOpen = true;
  }

  async close(): Promise<void> {
    this.#isOpen = false;
  }

  /** A client of `user` connects; undefined: nobody listens. */
  connect(user: number, listener: ClientListener): SimSocket | undefined {
    const { process, onPlayer } = this.#options;
    if (!this.#isOpen || !process.isAlive) return undefined;
    const socket = new SimSocket(listener, this.#options, () => this.#sockets.delete(socket));
    this.#sockets.add(socket);
    process.soon(0, () => onPlayer(socket, { user, claims: "{}", expiresAtMs: undefined }, "simulated"));
    return socket;
  }

  /** The gate's process is dead. */
  crash(): void {
    this.#isOpen = false;
    for (const socket of this.#sockets) socket.crash();
  }
}

export class SimSocket implements SessionSocket, ClientSocket {
  readonly #client: ClientListener;
  readonly #options: DoorOptions;
  readonly #onGone: () => void;
  #gate: SocketListener | undefined;
  #stage: "open" | "ended" = "open";
  #isClientOpen = true;
  isPaused = false;
  heardAtMs = 0;
  /** Frames that the gate has not read. */
  #unread: (() => void)[] = [];
  #toGateMs = 0;
  #toClientMs = 0;
  /** The client answers no pings, and hears nothing (half open). */
  isMute = false;

  constructor(client: ClientListener, options: DoorOptions, onGone: () => void) {
    this.#client = client;
    this.#options = options;
    this.#onGone = onGone;
  }

  // The gate's side.

  listen(listener: SocketListener): void {
    this.#gate = listener;
    this.heardAtMs = this.#options.process.clock.now();
  }

  send(frame: Frame): void {
    const copy = Uint8Array.from(frame);
    if (this.#stage === "open") this.#toClient(() => this.#client.onFrame(copy));
  }

  ping(): void {
    if (!this.isMute)
      this.#toGate(() => {
        this.heardAtMs = this.#options.process.clock.now();
      });
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.heardAtMs = this.#options.process.clock.now();
    this.#read();
  }

  close(name: CloseCodeName): void {
    if (this.#stage === "ended") return;
    const { code } = closeCodes[name];
    this.#toClient(() => this.#closeClient(code, "gate"));
    this.#end(name, code);
  }

  // The client's side.

  write(frame: Frame): void {
    if (this.#isClientOpen) this.#toGate(() => this.#gate?.onFrame(frame));
  }

  /** The client goes; nothing that was under way to it is heard any more. */
  leave(code: number): void {
    if (!this.#isClientOpen) return;
    if (!this.isMute) this.#toGate(() => this.#end("left", code));
    this.#closeClient(code, "client");
  }

  crash(): void {
    this.#stage = "ended";
    this.#options.scheduler.after(this.#options.chance.between(0, latencyMsMax), () => this.#closeClient(1006, "crash"));
  }

  #closeClient(code: number, by: "client" | "crash" | "gate"): void {
    if (!this.#isClientOpen) return;
    this.#isClientOpen = false;
    this.#client.onClose(code, by);
  }

  #end(end: SocketEnd, code: number): void {
    if (this.#stage === "ended") return;
    this.#stage = "ended";
    this.#onGone();
    this.#gate?.onEnd(end, code);
  }

  #toGate(arrive: () => void): void {
    const { scheduler, chance, process } = this.#options;
    this.#toGateMs = Math.max(this.#toGateMs, scheduler.now + chance.between(0.1, latencyMsMax));
    process.soon(this.#toGateMs - scheduler.now, () => {
      this.#unread.push(arrive);
      this.#read();
    });
  }

  #read(): void {
    while (!this.isPaused && this.#stage === "open") {
      const arrive = this.#unread.shift();
      if (arrive === undefined) return;
      arrive();
    }
  }

  #toClient(arrive: () => void): void {
    const { scheduler, chance } = this.#options;
    this.#toClientMs = Math.max(this.#toClientMs, scheduler.now + chance.between(0.1, latencyMsMax));
    scheduler.at(this.#toClientMs, () => {
      if (this.#isClientOpen && !this.isMute) arrive();
    });
  }
}
