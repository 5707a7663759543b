/**
 * A link between processes: a WebSocket on path `/link` of the game server's port, one
 * binary message per batch.
 */
import { WebSocket } from "ws";
import { batchBytesMax } from "#protocol/link.ts";
import type { LinkListener, LinkSocket } from "./socket.ts";

export const linkPath = "/link";

const dialTimeoutMs = 2000;

/** Options both ends share: batches are large and need no compression. */
export const linkWebSocketOptions = {
  maxPayload: batchBytesMax,
  perMessageDeflate: false,
  skipUTF8Validation: true,
  closeTimeout: 1000,
} as const;

/**
 * Dials the game server at `address` (`host:port`, an IPv6 host in brackets).
 * @throws when there is nobody, within two seconds.
 */
export function dialWebSocket(address: string): Promise<LinkSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://${address}${linkPath}`, {
      ...linkWebSocketOptions,
      handshakeTimeout: dialTimeoutMs,
      followRedirects: false,
    });
    socket.once("open", () => resolve(new WebSocketLink(socket, address)));
    socket.once("error", reject);
  });
}

/** Around an open WebSocket, which is not read until somebody listens. */
export class WebSocketLink implements LinkSocket {
  readonly peer: string;
  readonly #socket: WebSocket;

  constructor(socket: WebSocket, peer: string) {
    this.peer = peer;
    this.#socket = socket;
    socket.on("error", () => {}); // a close follows; without a listener an error would end the process
    socket.pause();
  }

  get queuedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  listen(listener: LinkListener): void {
    this.#socket.on("message", (data: Buffer, isBinary: boolean) => {
      if (isBinary) listener.onBatch(data);
      else this.cut();
    });
    this.#socket.once("close", (code: number) => listener.onClose(`closed with ${code}`));
    this.#socket.resume();
  }

  send(batch: Uint8Array): void {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(batch);
  }

  end(): void {
    this.#socket.close(1001);
  }

  cut(): void {
    this.#socket.terminate();
  }
}
