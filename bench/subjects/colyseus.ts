/**
 * Colyseus in one process, as bench/peers/ has it. A seat is reserved over HTTP, the socket opens with it, the server says
 * JOIN_ROOM and the client says it too; from then on messages are of a type and bytes (its shared-types, Protocol).
 */
import { existsSync } from "node:fs";
import { Pinned } from "#bench/pinned.ts";
import type { Address } from "#bench/raw_socket.ts";
import type { Subject, Wire } from "#bench/subject.ts";

const folder = new URL("../peers/", import.meta.url).pathname;
const codes = { joinRoom: 10, roomDataBytes: 17 } as const;
/** As bench/peers/colyseus.js has them; a small number is one byte of msgpack. */
const types = { ask: 1, tell: 2, reply: 3, event: 4 } as const;
const headerBytes = 2;

interface Seat {
  readonly processId: string;
  readonly roomId: string;
  readonly sessionId: string;
}

const wire: Wire = {
  async upgrade({ host, port }, _user, room) {
    const response = await fetch(`http://${host}:${port}/matchmake/joinOrCreate/bench`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ room }),
    });
    if (!response.ok) throw new Error(`no seat for room ${room}: ${response.status} ${await response.text()}`);
    const { processId, roomId, sessionId } = (await response.json()) as Seat;
    return { path: `/${processId}/${roomId}?sessionId=${sessionId}` };
  },
  greeting: () => [],
  onGreeting: (message) =>
    message[0] === codes.joinRoom ? { isSeated: true, answer: Uint8Array.of(codes.joinRoom) } : { isSeated: false },
  ask: (payload) => Uint8Array.of(codes.roomDataBytes, types.ask, ...payload),
  tell: (payload) => Uint8Array.of(codes.roomDataBytes, types.tell, ...payload),
  payloadAt: (message) => (message[0] === codes.roomDataBytes && (message[1] as number) >= types.reply ? headerBytes : -1),
};

export class Colyseus implements Subject {
  readonly name = "Colyseus";
  readonly address: Address;
  readonly wire = wire;
  readonly processes: { readonly server: Pinned };

  private constructor(server: Pinned) {
    const { port } = JSON.parse(server.ready) as { port: number };
    this.address = { host: "127.0.0.1", port };
    this.processes = { server };
  }

  /** Whether `npm run bench:peers` has been here. */
  static get isInstalled(): boolean {
    return existsSync(`${folder}node_modules/@colyseus/core`);
  }

  static async start(): Promise<Colyseus> {
    return new Colyseus(await Pinned.start({ cwd: folder, arguments: ["colyseus.js"], isReady: (line) => line.startsWith("{") }));
  }

  async stop(): Promise<void> {
    await this.processes.server.kill();
  }
}
