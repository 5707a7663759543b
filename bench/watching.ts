/**
 * What logs and metrics cost at full load: four servers, real processes with gate and game server in one and their journals
 * on disk; one logs at info to a reader who takes it, and is scraped, one does the one, one the other, one neither. They
 * take turns within one run, so that their ratios hold on a noisy machine. Clients send as fast as they are answered; what
 * is measured is CPU time of the server per frame of a client; the ratio is the median of those of each turn.
 *
 *     npm run bench:watching
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { WebSocket } from "ws";
import { commandOf, encode, type Frame, frame } from "#protocol/frame.ts";
import { Command as DiceCommand } from "#protocol/gen/dice_pb.ts";
import { Command, Int32Schema, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import { mintToken } from "#protocol/token.ts";
import { readSettings } from "#runtime/settings.ts";
import { median, sleep } from "#tests/faults/measure.ts";

const sessions = 200;
const seats = 4;
const rounds = 9;
const roundMs = 2000;
const warmUpMs = 2000;
/** The kernel's clock of CPU time. */
const ticksPerSecond = 100;
const root = new URL("../", import.meta.url).pathname;

/** What a client says, over and over; each is answered before the next. */
interface Load {
  readonly name: string;
  readonly frames: readonly Said[];
}

interface Said {
  readonly frames: (room: string) => readonly Frame[];
  /** What it is answered with. */
  readonly until: number;
}

const sit: Said = {
  frames: (room) => [encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "dice", room_id: room } })],
  until: DiceCommand.SCENE,
};
/** Who stands up hears nothing, and sits down again. */
const comeAgain: Said = { frames: (room) => [frame(Command.STAND_UP), ...sit.frames(room)], until: DiceCommand.SCENE };
const refused: Said = { frames: () => [encode(DiceCommand.SHAKE, Int32Schema, { v: 1 })], until: Command.ERROR };

const loads: readonly Load[] = [
  { name: "play: sits down, is shown the table nineteen times, stands up", frames: [comeAgain, ...Array.from({ length: 19 }, () => sit)] },
  { name: "come and go: sits down, stands up", frames: [comeAgain] },
  { name: "refused: rolls without a seat", frames: [refused] },
];

/** What is watched of a server. */
interface Watched {
  readonly name: string;
  readonly level: string;
  readonly metrics: string;
}

const kinds: readonly Watched[] = [
  { name: "logs and metrics", level: "info", metrics: "on" },
  { name: "logs alone", level: "info", metrics: "off" },
  { name: "metrics alone", level: "silent", metrics: "on" },
  { name: "neither", level: "silent", metrics: "off" },
];

class Server {
  readonly kind: Watched;
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #adminPort: number;
  frames = 0;

  private constructor(kind: Watched, child: ChildProcess, port: number, adminPort: number) {
    this.kind = kind;
    this.#child = child;
    this.#port = port;
    this.#adminPort = adminPort;
  }

  static async start(kind: Watched, folder: string): Promise<Server> {
    const settings = { PORT: "0", ADMIN_PORT: "0", MESSAGES_PER_SECOND: "0", CONNECTIONS_PER_USER: "0", METRICS: kind.metrics };
    const child = spawn(process.execPath, ["single.ts"], {
      cwd: root,
      env: { PATH: process.env["PATH"] ?? "", ...settings, DATA_DIR: join(folder, kind.name) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      if (!line.includes('"url.port"')) continue;
      const ports = JSON.parse(line) as { "url.port": number; "admin.port": number };
      child.stdout.resume();
      const server = new Server(kind, child, ports["url.port"], ports["admin.port"]);
      const body = JSON.stringify({ level: kind.level });
      const changed = await server.#ask("/log-level", { method: "POST", headers: { "content-type": "application/json" }, body });
      assert.equal(changed, 200);
      return server;
    }
    throw new Error("the server has not started");
  }

  /** CPU seconds so far, of all its threads. */
  get cpuSeconds(): number {
    const stat = readFileSync(`/proc/${this.#child.pid}/stat`, "utf8");
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
  }

  connect(user: number, isOn: () => boolean, load: Load): Promise<Client> {
    return Client.connect(`ws://127.0.0.1:${this.#port}`, user, load, () => {
      this.frames += 1;
      return isOn();
    });
  }

  /** As Prometheus does. */
  async scrape(): Promise<void> {
    assert.equal(await this.#ask("/metrics"), this.kind.metrics === "on" ? 200 : 404);
  }

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "close");
  }

  async #ask(path: string, init: RequestInit = {}): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${this.#adminPort}${path}`, init);
    await response.text();
    return response.status;
  }
}

/** A player who says the load's frames while `mayGoOn`, called after each answer, says so. */
class Client {
  readonly #socket: WebSocket;
  readonly #load: Load;
  readonly #room: string;
  #at = 0;

  private constructor(socket: WebSocket, user: number, load: Load, mayGoOn: () => boolean) {
    this.#socket = socket;
    this.#load = load;
    this.#room = String(Math.ceil(user / seats));
    socket.on("message", (data: Buffer) => {
      if (commandOf(data) !== load.frames[this.#at]?.until) return;
      this.#at = (this.#at + 1) % load.frames.length;
      if (mayGoOn()) this.say();
    });
  }

  static async connect(url: string, user: number, load: Load, mayGoOn: () => boolean): Promise<Client> {
    const token = await mintToken(user, readSettings({}).jwtKey);
    const socket = new WebSocket(url, { headers: { Authorization: `Bearer ${token}` } });
    await once(socket, "open");
    return new Client(socket, user, load, mayGoOn);
  }

  say(): void {
    const said = this.#load.frames[this.#at];
    for (const bytes of said?.frames(this.#room) ?? []) this.#socket.send(bytes);
  }

  close(): void {
    this.#socket.terminate();
  }
}

interface Round {
  readonly framesPerSecond: number;
  readonly cpuMicroseconds: number;
}

async function play(server: Server, clients: readonly Client[], isOn: { now: boolean }, ms: number): Promise<Round> {
  const [framesBefore, cpuBefore, startMs] = [server.frames, server.cpuSeconds, performance.now()];
  isOn.now = true;
  for (const client of clients) client.say();
  await sleep(ms / 2);
  await server.scrape();
  await sleep(ms / 2);
  isOn.now = false;
  const seconds = (performance.now() - startMs) / 1000;
  await sleep(100); // what is under way is answered
  const frames = server.frames - framesBefore;
  return { framesPerSecond: frames / seconds, cpuMicroseconds: ((server.cpuSeconds - cpuBefore) / frames) * 1e6 };
}

async function compare(load: Load, servers: readonly Server[]): Promise<void> {
  const isOn = { now: false };
  const all: Client[][] = [];
  for (const server of servers)
    all.push(await Promise.all(Array.from({ length: sessions }, (_, at) => server.connect(at + 1, () => isOn.now, load))));
  for (const [at, server] of servers.entries()) await play(server, all[at] ?? [], isOn, warmUpMs);
  const heard: Round[][] = servers.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [at, server] of servers.entries()) heard[at]?.push(await play(server, all[at] ?? [], isOn, roundMs));
  console.log(load.name);
  const neither = heard.at(-1) ?? [];
  for (const [at, { kind }] of servers.entries()) {
    const mine = heard[at] ?? [];
    const frames = median(mine.map((round) => round.framesPerSecond)).toFixed(0);
    const cpu = median(mine.map((round) => round.cpuMicroseconds)).toFixed(1);
    const ratio = median(mine.map((round, turn) => round.cpuMicroseconds / (neither[turn]?.cpuMicroseconds ?? 1))).toFixed(3);
    console.log(`  ${kind.name.padEnd(16)}  ${frames.padStart(6)} frames/s  ${cpu.padStart(6)} µs of CPU a frame  ${ratio} of neither's`);
  }
  for (const client of all.flat()) client.close();
  await sleep(1000);
}

const folder = mkdtempSync(join(tmpdir(), "bench-watching-"));
const servers: Server[] = [];
for (const kind of kinds) servers.push(await Server.start(kind, folder));
for (const load of loads) await compare(load, servers);
await Promise.all(servers.map((server) => server.stop()));
rmSync(folder, { recursive: true });
process.exit(0);
