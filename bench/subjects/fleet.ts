/** Ours with more than one gate or game server: a static fleet, or one in a Redis. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Pinned } from "#bench/pinned.ts";
import type { Address } from "#bench/raw_socket.ts";
import type { Subject } from "#bench/subject.ts";
import { freePort } from "#tests/support/redis_server.ts";
import { type Environment, linked, portsOf, startGate, startServer, staticFleet } from "./processes.ts";

interface FleetOptions {
  readonly gates: number;
  readonly servers: number;
  readonly env?: Environment;
}

export class Fleet implements Pick<Subject, "processes"> {
  readonly servers: readonly Pinned[];
  readonly gates: Pinned[];
  readonly #folder: string;
  readonly #gateEnv: Environment;

  private constructor(folder: string, gateEnv: Environment, servers: readonly Pinned[], gates: Pinned[]) {
    this.#folder = folder;
    this.#gateEnv = gateEnv;
    this.servers = servers;
    this.gates = gates;
  }

  static async start({ gates, servers, env = {} }: FleetOptions): Promise<Fleet> {
    const folder = mkdtempSync(join(tmpdir(), "bench-fleet-"));
    const ports: number[] = [];
    for (let at = 0; at < servers; at++) ports.push(await freePort());
    const fleet = { ...env, GAME_SERVERS: staticFleet(ports) };
    const started: Pinned[] = [];
    for (const port of ports) started.push(await startServer({ ...fleet, PORT: String(port), DATA_DIR: join(folder, String(port)) }));
    const doors: Pinned[] = [];
    for (let at = 0; at < gates; at++) doors.push(await startGate(fleet));
    const all = new Fleet(folder, fleet, started, doors);
    for (const gate of doors) await linked(gate, servers);
    return all;
  }

  get processes(): Readonly<Record<string, Pinned>> {
    const named = (kind: string, all: readonly Pinned[]): [string, Pinned][] => all.map((process, at) => [`${kind} ${at + 1}`, process]);
    return Object.fromEntries([...named("gate", this.gates), ...named("game server", this.servers)]);
  }

  doorOf(gate: number): Address {
    return { host: "127.0.0.1", port: portsOf(this.gates[gate] as Pinned).port };
  }

  /** Kills a gate with -9 and starts it again where it was. */
  async restartGate(gate: number): Promise<void> {
    const { port } = this.doorOf(gate);
    await this.gates[gate]?.kill();
    this.gates[gate] = await startGate({ ...this.#gateEnv, PORT: String(port) });
  }

  async stop(): Promise<void> {
    await Promise.all(Object.values(this.processes).map((process) => process.kill()));
    rmSync(this.#folder, { recursive: true });
  }
}
