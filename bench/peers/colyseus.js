/**
 * Rooms of four in Colyseus, one process: whoever asks is answered alone, whoever tells tells the room. Bytes in, bytes out,
 * no state to synchronise, no monitor, no playground, nothing logged: what it is measured for.
 *
 *     node colyseus.js
 */
import { createServer } from "node:http";
import { Room, Server } from "@colyseus/core";
import { WebSocketTransport } from "@colyseus/ws-transport";

const silent = { trace() {}, debug() {}, info() {}, warn() {}, error: console.error };
/** As bench/subjects/colyseus.ts has them. */
const types = { ask: 1, tell: 2, reply: 3, event: 4 };

class BenchRoom extends Room {
  maxClients = 4;
  /** There is no state: patches of it are looked for as seldom as can be. */
  patchRate = 1000;

  onCreate() {
    this.said = 0;
    this.onMessageBytes(types.ask, (client, payload) => {
      this.said += 1;
      client.sendBytes(types.reply, payload);
    });
    this.onMessageBytes(types.tell, (_client, payload) => {
      this.said += 1;
      this.broadcastBytes(types.event, payload);
    });
  }
}

const http = createServer();
const transport = new WebSocketTransport({ server: http });
const server = new Server({ transport, greet: false, logger: silent });
server.define("bench", BenchRoom).filterBy(["room"]);
await server.listen(0, "127.0.0.1");
console.log(JSON.stringify({ port: http.address().port }));
