#!/usr/bin/env node
/**
 * The dice client for a terminal: sits down, says what happens, and takes words
 * on standard input: sitdown, standup, shake, shake,6, print, exit.
 */
import { createConnection } from "node:net";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { ownToken } from "#door/own_token.ts";
import { dice } from "#protocol/dice.ts";
import { bodyOf, encode } from "#protocol/frame.ts";
import type { SceneNotice } from "#protocol/gen/dice_pb.ts";
import { Command, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import { readSettings, SettingError } from "#runtime/settings.ts";
import { type Client, type ClientState, type Connecting, connect, type Gone, isConnected, type Room } from "./client.ts";
import { say } from "./say.ts";

const gatePort = 60_006;
const serverPort = 60_001;
const probeMs = 1000;
/** Whoever has typed the address waits for the answer. */
const firstPatienceMs = 5000;
/** With less time left than this `-auto` does not roll. */
const autoMsMin = 100;

const usage = `usage: dice [-u user] [-r room] [-seat n] [-name game] [-token jwt] [-ip host] [-port n] [-auto] [-print]
words: sitdown, standup, shake, shake,6, print, exit`;

const flags = {
  u: { type: "string", default: "1" },
  r: { type: "string", default: "1" },
  seat: { type: "string", default: "-1" },
  name: { type: "string", default: "dice" },
  token: { type: "string" },
  ip: { type: "string", default: "127.0.0.1" },
  port: { type: "string" },
  auto: { type: "boolean", default: false },
  print: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

type Flags = ReturnType<typeof readFlags>;

/** Takes `-seat 2` as well as `--seat 2`, and values that begin with a dash, such as `-seat -1`. */
function readFlags(args: readonly string[]) {
  const named = args.map((arg) => (/^-[a-z]+$/.test(arg) ? `-${arg}` : arg));
  const joined = named.flatMap((arg, at) => {
    const isValue = /^-\d/.test(arg) && named[at - 1]?.startsWith("--");
    if (isValue) return [];
    const next = named[at + 1];
    return arg.startsWith("--") && next !== undefined && /^-\d/.test(next) ? [`${arg}=${next}`] : [arg];
  });
  return parseArgs({ args: joined, options: flags, strict: true, allowPositionals: false }).values;
}

class DiceClient {
  readonly #flags: Flags;
  readonly #client: Client;
  readonly #connected = Promise.withResolvers<void>();
  #room: Room<typeof dice> | undefined;
  #roll: ReturnType<typeof setTimeout> | undefined;
  #wasConnected = false;

  constructor(flags: Flags, url: string) {
    this.#flags = flags;
    this.#client = connect({
      url,
      getToken: () => flags.token ?? ownToken(Number(flags.u), readSettings(process.env)),
      firstPatienceMs,
    });
    this.#client.on("frame", (command, body) => this.#clientOnFrame(command, body));
    this.#client.on("state", (state) => this.#clientOnState(state));
    if (!flags.print) this.sit();
  }

  /** Resolves at the first connection. */
  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  sit(): void {
    const { name, r, seat, auto } = this.#flags;
    if (this.#room?.isOver === false) return this.#room.sit(Number(seat));
    this.#room = this.#client.sit({ ...dice, name }, { room: r, seat: Number(seat) });
    if (!auto) return;
    this.#room.on("start", ({ v }) => this.#rollWithin(Number(v)));
    this.#room.on("scene", (scene) => this.#roomOnScene(scene));
  }

  close(): void {
    clearTimeout(this.#roll);
    void this.#client.close();
  }

  /** Does what a word says. */
  take(line: string): void {
    const [word, face] = line.trim().split(",");
    if (word === "") return;
    if (word === "sitdown") this.sit();
    else if (word === "standup") this.#room?.leave();
    else if (word === "shake") this.#shake(Number(face ?? 0));
    else if (word === "print") this.#client.send(Command.PRINT);
    else if (word === "exit") this.close();
    else print(usage);
  }

  #shake(v: number): void {
    const isFace = Number.isInteger(v) && Math.abs(v) < 2 ** 31;
    if (!isFace) return print("a face is a whole number");
    if (this.#room === undefined || this.#room.isOver) return print("not in a room");
    if (this.#room.send("shake", { v }) === "dropped") print("not connected");
  }

  #clientOnFrame(command: number, body: Uint8Array): void {
    print(say(command, body, this.#client.user));
    if (command === Command.PRINT && this.#flags.print) this.close();
  }

  #roomOnScene({ status, leftTime, dice }: SceneNotice): void {
    const hasRolled = dice[String(this.#client.user)] !== undefined;
    this.#rollWithin(status && !hasRolled ? Number(leftTime) : 0);
  }

  /** `-auto`: rolls after a random part of the first half of what is left. */
  #rollWithin(leftMs: number): void {
    clearTimeout(this.#roll);
    if (leftMs >= autoMsMin) this.#roll = setTimeout(() => this.#shake(0), (Math.random() * leftMs) / 2);
  }

  #clientOnState(state: ClientState): void {
    const isNow = isConnected(state);
    if (isNow && !this.#wasConnected) this.#onConnected();
    if (state.is === "gone") void this.#client.close().then(() => leave(state));
    if (!isNow && state.is === "connecting") this.#onConnecting(state);
    this.#wasConnected = isNow;
  }

  #onConnecting(state: Connecting): void {
    if (state.because === "no token") leave(state); // this one is not good, and there will be no other
    if (state.because !== "start") print(`connection lost (${state.detail}), coming back`);
  }

  #onConnected(): void {
    print(`connected as user ${this.#client.user}`);
    this.#connected.resolve();
    if (this.#flags.print) this.#askForPrint();
  }

  /** What a room's own `print` does not tell: all rooms of the server. */
  #askForPrint(): void {
    const metadata = { game_name: this.#flags.name, print: "true" };
    this.#client.send(Command.SIT_DOWN, bodyOf(encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata })));
  }
}

function leave({ because, detail }: Gone | Connecting): never {
  if (because === "closed") process.exit(0);
  print(`no connection: ${detail}`);
  process.exit(1);
}

/** The first of the two well-known ports that somebody listens on. */
async function findPort(host: string): Promise<number> {
  return (await isOpen(host, gatePort)) ? gatePort : serverPort;
}

function isOpen(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port, timeout: probeMs });
    const settle = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once("connect", () => settle(true));
    socket.once("error", () => settle(false));
    socket.once("timeout", () => settle(false));
  });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function main(): Promise<void> {
  const flags = readFlags(process.argv.slice(2));
  if (flags.help) return print(usage);
  if (!/^[1-9][0-9]{0,15}$/.test(flags.u)) throw new TypeError(`-u is no user id: ${flags.u}`);
  if (flags.port !== undefined && !/^[0-9]{1,5}$/.test(flags.port)) throw new TypeError(`-port is no port: ${flags.port}`);
  if (flags.token === undefined) await ownToken(Number(flags.u), readSettings(process.env));
  const port = flags.port ?? (await findPort(flags.ip));
  const client = new DiceClient(flags, `ws://${flags.ip}:${port}`);
  process.once("SIGINT", () => client.close());
  process.once("SIGTERM", () => client.close());
  await client.connected;
  for await (const line of createInterface({ input: process.stdin })) client.take(line);
}

try {
  await main();
} catch (thrown) {
  if (!(thrown instanceof TypeError) && !(thrown instanceof SettingError)) throw thrown;
  process.stderr.write(`${thrown.message}\n${usage}\n`);
  process.exit(78);
}
