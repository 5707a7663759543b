/**
 * A ledger played by real processes over real sockets: a gate, a game server that is killed and
 * started again on the same port and journal, and players whose histories the verdict of the
 * simulation judges.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { WebSocket } from "ws";
import type { RoomValue } from "#game_server/room_value.ts";
import { mintToken } from "#protocol/token.ts";
import { Chance } from "#simulation/chance.ts";
import { finalBook } from "#simulation/final_book.ts";
import { readEnded } from "#simulation/ledger.ts";
import { type ClientListener, type ClientSocket, LedgerPlayer } from "#simulation/ledger_player.ts";
import { type FinalBook, Verdict } from "#simulation/verdict.ts";
import { dataFolder, storedRows } from "#tests/support/data_folder.ts";
import { developmentKey } from "#tests/support/player.ts";
import { type Run, Server } from "#tests/support/process.ts";
import { sleep } from "./measure.ts";

interface RunOptions {
  readonly players: number;
  readonly rooms: number;
  readonly seed: number;
}

/** Real time, until it is over. */
class WallTimeline {
  readonly #timers = new Set<NodeJS.Timeout>();
  #isOver = false;

  get now(): number {
    return performance.now();
  }

  after(delayMs: number, run: () => void): void {
    if (this.#isOver) return;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, delayMs);
    this.#timers.add(timer);
  }

  stop(): void {
    this.#isOver = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }
}

export class LedgerRun {
  readonly verdict = new Verdict({ forgets: false, outlasts: false, dissolves: "nobody" });
  readonly gate: Server;
  readonly folder: string;
  readonly #t: TestContext;
  readonly #timeline = new WallTimeline();
  readonly #players: LedgerPlayer[];
  readonly #sockets = new Set<WebSocket>();
  readonly #ended = new Map<number, readonly number[]>();
  readonly #broken: string[] = [];
  #connections = 0;
  /** The last process that was started. */
  #process: Run;
  /** The last one that was ready. */
  #server: Server;

  private constructor(t: TestContext, folder: string, process: Run, server: Server, gate: Server, { players, rooms, seed }: RunOptions) {
    this.#t = t;
    this.folder = folder;
    this.#process = process;
    this.#server = server;
    this.gate = gate;
    const names = Array.from({ length: rooms }, (_, at) => String(at + 1));
    this.#players = Array.from(
      { length: players },
      (_, at) =>
        new LedgerPlayer(at + 1, {
          ...{ scheduler: this.#timeline, chance: new Chance(seed, at), verdict: this.verdict, rooms: names },
          connect: (user, listener) => this.#connect(user, listener),
          nextConnection: () => ++this.#connections,
        }),
    );
    t.after(() => {
      this.#timeline.stop();
      for (const socket of this.#sockets) socket.terminate();
    });
  }

  static async start(t: TestContext, options: RunOptions): Promise<LedgerRun> {
    const folder = dataFolder(t);
    const process = launch(t, folder, "0", {});
    const server = await Server.ready(process);
    const gate = await Server.start(t, "gate_server/main.ts", {
      ...{ GAME_SERVERS: `ledger=127.0.0.1:${server.port}`, MESSAGES_PER_SECOND: "0" },
    });
    await gate.logged("link up");
    return new LedgerRun(t, folder, process, server, gate, options);
  }

  get server(): Server {
    return this.#server;
  }

  /** The last process that was started, whether it was ever ready or not. */
  get process(): Run {
    return this.#process;
  }

  /** Starts the server again where it was; `env` tells it where to die, or which release it is. Gives how long the start took. */
  async restart(env: Record<string, string> = {}): Promise<number> {
    this.#noteLog();
    const startMs = performance.now();
    this.#process = launch(this.#t, this.folder, String(this.#server.port), env);
    this.#server = await Server.ready(this.#process);
    return performance.now() - startMs;
  }

  /** No more whims and no more faults: after a while everybody sits, and everything was answered. */
  async end(calmMs: number): Promise<void> {
    for (const player of this.#players) player.calm();
    await sleep(calmMs);
    const homeless = this.#players.filter(({ isSeated }) => !isSeated).map(({ user }) => user);
    this.#server.signal("SIGKILL"); // the journal is all that is left to read
    await this.#server.exited;
    this.#noteLog();
    for (const line of this.gate.lines) this.#note(readLog(line), line);
    // A room that is over may wait for a gate that has nobody left to ask for it, until HOLD.
    const books = storedBooks(this.folder).filter(({ isOver }) => !isOver);
    this.verdict.end({ books, ended: this.#ended });
    assert.deepEqual(homeless, [], "players without a seat");
    assert.deepEqual(this.verdict.violations, []);
    assert.deepEqual(this.#broken, []);
  }

  #connect(user: number, listener: ClientListener): ClientSocket {
    const connection = new RealSocket(listener);
    void mintToken(user, developmentKey).then((token) => {
      const socket = new WebSocket(`ws://127.0.0.1:${this.gate.port}?token=${token}`);
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      connection.attach(socket);
    });
    return connection;
  }

  /** What the log of the process that has just died tells. */
  #noteLog(): void {
    const { lines, errors } = this.#process;
    for (const line of lines) if (line.startsWith("{")) this.#note(readLog(line), line);
    if (errors !== "") this.#broken.push(errors);
  }

  #note({ event, game, users }: LogLine, line: string): void {
    const ended = event === "game" ? readEnded(game) : undefined;
    if (ended !== undefined) this.#ended.set(ended.book, ended.bound);
    if (event === "outputs gone" || event === "room lost") this.verdict.pardon(users);
    const isBroken = ["room crash", "failure", "inputs forgotten", "journal damage", "room unreadable"].includes(event);
    if (isBroken) this.#broken.push(line);
  }
}

/** The ledgers as the journal in `folder` has them now. */
export function storedBooks(folder: string): FinalBook[] {
  return storedRows(folder).map(({ value }) => finalBook(JSON.parse(value) as RoomValue));
}

function launch(t: TestContext, folder: string, port: string, env: Record<string, string>): Run {
  return Server.launch(t, "tests/faults/ledger_server.ts", { DATA_DIR: folder, PORT: port, ...env });
}

interface LogLine {
  readonly event: string;
  readonly game: string;
  readonly users: number;
}

function readLog(line: string): LogLine {
  const said = JSON.parse(line) as { event?: { action?: string }; "game.text"?: string; users?: number };
  return { event: said.event?.action ?? "", game: said["game.text"] ?? "", users: said.users ?? 0 };
}

class RealSocket implements ClientSocket {
  isMute = false;
  readonly #listener: ClientListener;
  #socket: WebSocket | undefined;
  #waiting: Uint8Array[] = [];
  #isLeaving = false;

  constructor(listener: ClientListener) {
    this.#listener = listener;
  }

  attach(socket: WebSocket): void {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.once("open", () => {
      for (const frame of this.#waiting.splice(0)) socket.send(frame);
      if (this.#isLeaving) socket.close(1000);
    });
    socket.on("message", (data: Buffer) => {
      if (!this.isMute && !this.#isLeaving) this.#listener.onFrame(data);
    });
    socket.once("close", (code) => {
      if (!this.#isLeaving) this.#listener.onClose(code, "gate");
    });
  }

  write(frame: Uint8Array): void {
    if (this.isMute || this.#isLeaving) return;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame);
    else this.#waiting.push(frame);
  }

  leave(code: number): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    if (this.#socket?.readyState === WebSocket.OPEN) {
      if (code === 1000) this.#socket.close(1000);
      else this.#socket.terminate();
    }
    this.#listener.onClose(code, "client");
  }
}
