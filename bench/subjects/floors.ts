/**
 * What can be had at best from Node and ws: one process without features; a gate and its rooms; the same with an event
 * framed once and a write per client and turn; and that with every room written down before it says anything.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchCommands } from "#bench/game.ts";
import { Pinned } from "#bench/pinned.ts";
import type { Address } from "#bench/raw_socket.ts";
import type { Subject, Wire } from "#bench/subject.ts";
import { commandBytes, commandOf, frame } from "#protocol/frame.ts";

const root = new URL("../../", import.meta.url).pathname;

const wire: Wire = {
  upgrade: (_address, _user, room) => ({ path: `/${room}` }),
  greeting: () => [],
  onGreeting: (message) => ({ isSeated: commandOf(message) === benchCommands.SCENE }),
  ask: (payload) => frame(benchCommands.ASK, payload),
  tell: (payload) => frame(benchCommands.TELL, payload),
  payloadAt: (message) => (commandOf(message) > benchCommands.SCENE ? commandBytes : -1),
};

export class Floor implements Subject {
  readonly name: string;
  readonly address: Address;
  readonly wire = wire;
  readonly processes: Readonly<Record<string, Pinned>>;
  readonly #onStop: () => void;

  private constructor(name: string, front: Pinned, processes: Readonly<Record<string, Pinned>>, onStop = () => {}) {
    this.name = name;
    this.address = { host: "127.0.0.1", port: portOf(front) };
    this.processes = processes;
    this.#onStop = onStop;
  }

  static async bareWs(): Promise<Floor> {
    const server = await start("bare.ts");
    return new Floor("bare ws", server, { server });
  }

  /** An event crosses the link, and is sent, once for each session. */
  static async twoHops(): Promise<Floor> {
    const rooms = await start("rooms.ts", "each");
    const gate = await start("gate.ts", String(portOf(rooms)), "each");
    return new Floor("two hops", gate, { gate, "game server": rooms });
  }

  static async once(): Promise<Floor> {
    const rooms = await start("rooms.ts", "once");
    const gate = await start("gate.ts", String(portOf(rooms)), "once");
    return new Floor("the floor", gate, { gate, "game server": rooms });
  }

  static async durable(): Promise<Floor> {
    const folder = mkdtempSync(join(tmpdir(), "bench-floor-"));
    const rooms = await start("rooms.ts", "once", join(folder, "rooms.sqlite"));
    const gate = await start("gate.ts", String(portOf(rooms)), "once");
    return new Floor("the durable floor", gate, { gate, "game server": rooms }, () => rmSync(folder, { recursive: true }));
  }

  async stop(): Promise<void> {
    await Promise.all(Object.values(this.processes).map((process) => process.kill()));
    this.#onStop();
  }
}

function start(file: string, ...more: string[]): Promise<Pinned> {
  return Pinned.start({ cwd: root, arguments: [`bench/floors/${file}`, ...more], isReady: (line) => line.startsWith("{") });
}

function portOf({ ready }: Pinned): number {
  return (JSON.parse(ready) as { port: number }).port;
}
