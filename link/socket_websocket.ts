/**
 * A link between processes: a WebSocket on path `/link` of the game server's port, one
 * binary message per batch.
 */
import type { Duplex } from "node:stream";
import { WebSocket } from "ws";
import { batchBytesMax } from "#protocol/link.ts";
import type { LinkListener, LinkSocket } from "./socket.ts";

export const linkPath = "/link";

const dialTimeoutMs = 2000;

/** A greeting has some hundred bytes, its upgrade none of them. */
const greetingBytesMax = 16 * 1024;

/** Options both ends share: batches are large, in one fragment, and need no compression. */
export const linkWebSocketOptions = {
  maxPayload: batchBytesMax,
  maxFragments: 16,
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
      generateMask: noMask,
      followRedirects: false,
    });
    socket.once("open", () => resolve(new WebSocketLink(socket, address)));
    socket.once("error", reject);
  });
}

/**
 * A mask keeps whoever chooses what is in a message from writing what an HTTP proxy on the way takes for a request. Batches carry
 * what players have chosen; but only between two ends that have proved themselves, in a network of theirs, without such a proxy
 * (SECURITY.md).
 */
function noMask(mask: Buffer): void {
  mask.fill(0);
}

/** Cuts a stranger's connection that says more than a greeting (P7). Gives what to call when he has proved himself. */
export function limitGreeting(stream: Duplex): () => void {
  let bytes = 0;
  const streamOnData = (chunk: Buffer): void => {
    bytes += chunk.length;
    if (bytes > greetingBytesMax) stream.destroy();
  };
  stream.on("data", streamOnData);
  return () => stream.off("data", streamOnData);
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
