/** The sockets that the client library opens, so that a connection can be dropped under it. To be loaded before the first one. */

const newest = new Map<string, WebSocket>();
/** Of those that say to come back: what a network that breaks would be. */
const droppedCode = 4000;

class KnownWebSocket extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    newest.set(String(url), this);
  }
}

globalThis.WebSocket = KnownWebSocket;

/** `url`: one that only this connection has. */
export function drop(url: string): void {
  newest.get(url)?.close(droppedCode, "dropped in the playground");
}
