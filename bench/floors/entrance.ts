/** How players come in at every floor: whoever opens a socket at `/ROOM` is in that room. No token, no limits, no heartbeat. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";

/** Listens on any port, and says on which. */
export function letIn(onPlayer: (player: WebSocket, stream: Duplex, room: number) => void): void {
  const sockets = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const server = createServer();
  server.on("upgrade", (request, stream, head) => {
    sockets.handleUpgrade(request, stream, head, (player) => onPlayer(player, stream, Number(request.url?.slice(1))));
  });
  server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: (server.address() as AddressInfo).port })));
}
