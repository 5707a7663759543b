/** A player without a socket: what a session says to him is written down, as short lines. */
import type { SocketEnd, SocketListener } from "#door/player_socket.ts";
import type { SessionSocket } from "#door/session.ts";
import { type CloseCodeName, closeCodes } from "#protocol/close_codes.ts";
import type { Frame } from "#protocol/frame.ts";
import { readable } from "./readable.ts";

export class FakePlayer implements SessionSocket {
  readonly heardAtMs = 0;
  isPaused = false;
  readonly #heard: Frame[] = [];
  #listener: SocketListener | undefined;
  #stage: "open" | "closed" = "open";

  listen(listener: SocketListener): void {
    this.#listener = listener;
  }

  send(bytes: Frame): void {
    this.#heard.push(bytes);
  }

  ping(): void {}

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(name: CloseCodeName): void {
    if (this.#stage === "closed") return;
    this.#stage = "closed";
    this.#listener?.onEnd(name, closeCodes[name].code);
  }

  get isOpen(): boolean {
    return this.#stage === "open";
  }

  says(...frames: Frame[]): void {
    for (const bytes of frames) if (this.#stage === "open") this.#listener?.onFrame(bytes);
  }

  ends(how: SocketEnd = "left"): void {
    this.#listener?.onEnd(how, 1000);
  }

  hears(): string[] {
    return this.#heard.splice(0).map(readable);
  }
}
