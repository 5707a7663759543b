/**
 * What the log costs at full load: two servers, real processes with gate and game server in one, one at LOG_LEVEL=info whose
 * output a reader takes from a pipe, one silent. They take turns within one run, so that their ratio holds on a noisy machine. Clients send as
 * fast as they are answered; what is measured is CPU time of the server per frame of a client.
 *
 *     npm run bench:logs
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { WebSocket } from "ws";
import { commandOf, encode, type Frame, frame } from "#protocol/frame.ts";
import { Command as DiceCommand } from "#protocol/gen/dice_pb.ts";
import { Command, Int32Schema, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import { mintToken } from "#protocol/token.ts";
import { readSettings } from "#runtime/settings.ts";

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

class Server {
  readonly level: string;
  readonly #child: ChildProcess;
  readonly #port: number;
  frames = 0;

  private constructor(level: string, child: ChildProcess, port: number) {
    this.level = level;
    this.#child = child;
    this.#port = port;
  }

  static async start(level: string, port: number): Promise<Server> {
    const env = { PATH: process.env["PATH"] ?? "", LOG_LEVEL: level, PORT: String(port), ADMIN_PORT: "0", JOURNAL: "memory" };
    const child = spawn(process.execPath, ["single.ts"], {
      cwd: root,
      env: { ...env, MESSAGES_PER_SECOND: "0", CONNECTIONS_PER_USER: "0" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    child.stdout?.resume();
    await answers(port);
    return new Server(level, child, port);
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

  async stop(): Promise<void> {
    this.#child.kill("SIGKILL");
    await once(this.#child, "exit");
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

async function answers(port: number): Promise<void> {
  for (;;) {
    if (await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined)) return;
    await pass(50);
  }
}

function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

interface Round {
  readonly framesPerSecond: number;
  readonly cpuMicroseconds: number;
}

async function play(server: Server, clients: readonly Client[], isOn: { now: boolean }, ms: number): Promise<Round> {
  const [framesBefore, cpuBefore, startMs] = [server.frames, server.cpuSeconds, performance.now()];
  isOn.now = true;
  for (const client of clients) client.say();
  await pass(ms);
  isOn.now = false;
  const seconds = (performance.now() - startMs) / 1000;
  await pass(100); // what is under way is answered
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
  for (const [at, { level }] of servers.entries()) {
    const [frames, cpu] = [median((heard[at] ?? []).map((round) => round.framesPerSecond)), medianCpu(heard[at] ?? [])];
    console.log(`  ${level.padEnd(6)}  ${frames.toFixed(0)} frames/s, ${cpu.toFixed(1)} µs of CPU a frame`);
  }
  const ratios = (heard[0] ?? []).map((round, at) => round.cpuMicroseconds / (heard[1]?.[at]?.cpuMicroseconds ?? 1));
  console.log(`  info costs ${((median(ratios) - 1) * 100).toFixed(1)} % more CPU a frame (median of ${rounds} pairs)`);
  for (const client of all.flat()) client.close();
  await pass(1000);
}

function medianCpu(all: readonly Round[]): number {
  return median(all.map((round) => round.cpuMicroseconds));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const [port = "24100"] = process.argv.slice(2);
const servers = [await Server.start("info", Number(port)), await Server.start("silent", Number(port) + 1)];
for (const load of loads) await compare(load, servers);
await Promise.all(servers.map((server) => server.stop()));
process.exit(0);
