/**
 * Players of the ledger over real sockets, with whims, through whichever gates are open; and
 * the verdict over what they heard, what the processes logged and what the journals hold.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { WebSocket } from "ws";
import { conflictReasons } from "#fleet/conflicts.ts";
import { isGone, type RoomValue, type StoredValue } from "#game_server/room_value.ts";
import { closeCodes } from "#protocol/close_codes.ts";
import { Chance } from "#simulation/chance.ts";
import { finalBook } from "#simulation/final_book.ts";
import { ledger, readEnded } from "#simulation/ledger.ts";
import { type ClientListener, type ClientSocket, LedgerPlayer } from "#simulation/ledger_player.ts";
import { type FinalBook, Verdict } from "#simulation/verdict.ts";
import { storedRows } from "#tests/support/data_folder.ts";
import { type Entrance, wayIn } from "#tests/support/entrance.ts";
import { read, said } from "#tests/support/said.ts";
import { patience, sleep, until } from "./measure.ts";
import { saidIn } from "./said_file.ts";

/** When everybody sits, so long for what is still on its way. */
const quietMs = 2000;
/** What no process may ever log. */
const broken = new Set(["room crash", "failure", "inputs forgotten", "journal damage", "room unreadable"]);

/** What a client finds when its socket has ended without a word. */
const brokenOff = 1006;

/** How a server ends that has not renewed its lease for too long. */
const lapsed = "the lease could not be renewed";

export interface CrowdOptions {
  readonly players: number;
  readonly rooms: number;
  readonly seed: number;
  /** Somebody is away for longer than is promised to be held: what he had may be lost, and is another's. Left out: no. */
  readonly outlasts?: boolean;
  /** Servers leave service: a room in which nobody is playing ends, whoever watches. Left out: none does. */
  readonly drains?: boolean;
  /** Gates leave service, too: whoever is told to come back (1012), or is not let in, does. Left out: no. */
  readonly gatesLeave?: boolean;
  /** Gates are killed where it cannot be said whose: whoever's socket breaks comes back. Left out: no. */
  readonly gatesDie?: boolean;
}

/** One start of a gate, or whatever leads to gates, as clients find it. */
export class Door {
  readonly entrance: Entrance;
  /** False: its process has been killed, and whoever was inside is outside. */
  isOpen = true;

  constructor(entrance: Entrance) {
    this.entrance = entrance;
  }
}

/** What a process has said: every line of its log, and what it said beside it, which it should not. */
export interface Evidence {
  readonly lines: readonly string[];
  readonly errors: string;
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

export class LedgerCrowd {
  readonly verdict: Verdict;
  /** Where players come in. */
  readonly doors = new Set<Door>();
  readonly #timeline = new WallTimeline();
  readonly #players: LedgerPlayer[];
  readonly #sockets = new Set<WebSocket>();
  readonly #evidence: Evidence[] = [];
  /** Of lives and users. */
  readonly #claimsLost = new Set<string>();
  readonly #chance: Chance;
  readonly #outlasts: boolean;
  readonly #gatesLeave: boolean;
  readonly #gatesDie: boolean;
  #connections = 0;

  constructor(t: TestContext, options: CrowdOptions) {
    const { players, rooms, seed, outlasts = false, drains = false, gatesLeave = false, gatesDie = false } = options;
    this.verdict = new Verdict({ forgets: false, outlasts, dissolves: drains ? "the empty" : "nobody" });
    this.#outlasts = outlasts;
    this.#gatesLeave = gatesLeave;
    this.#gatesDie = gatesDie;
    this.#chance = new Chance(seed, players);
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

  /** What this process logs, counts. */
  watch(evidence: Evidence): void {
    this.#evidence.push(evidence);
  }

  /** No whims: everybody stays where he comes in, and writes. */
  stay(): void {
    for (const player of this.#players) player.stay();
  }

  /** No more whims: everybody stays, and nobody writes. */
  calm(): void {
    for (const player of this.#players) player.calm();
  }

  /** No more whims: everybody stays, and comes back if he must. Gives how long it took until all sat, milliseconds. */
  async settle(withinMs = 20_000 * patience): Promise<number> {
    const startMs = performance.now();
    this.calm();
    const homeless = (): string[] => this.#players.filter(({ isSeated }) => !isSeated).map(({ plight }) => plight);
    await until("everybody's seat", () => homeless().length === 0, withinMs).catch((cause: unknown) => {
      throw new Error(homeless().join("\n"), { cause });
    });
    const tookMs = performance.now() - startMs;
    await sleep(quietMs);
    assert.deepEqual(homeless(), [], "players without a seat");
    return tookMs;
  }

  /** From now on nobody says or hears anything; all are still there. */
  freeze(): void {
    this.#timeline.stop();
    for (const socket of this.#sockets) {
      socket.removeAllListeners("message");
      socket.removeAllListeners("close");
    }
  }

  /** Judges the run when every process is gone, or keeps still. `folders`: all journals. */
  judge(folders: readonly string[]): void {
    const ends = folders.flatMap(saidIn).flatMap((text) => readEnded(text) ?? []);
    const ended = new Map<number, readonly number[]>(ends.map(({ book, bound }) => [book, bound]));
    const failures: string[] = [];
    if (this.#outlasts) for (const { lines } of this.#evidence) this.#readClaims(lines);
    for (const { lines, errors } of this.#evidence) {
      if (errors !== "") failures.push(errors);
      for (const line of lines) this.#read(line, ended, failures);
    }
    // A room that is over may wait for a gate that has nobody left to ask for it, until HOLD.
    const books = folders.flatMap((folder) => storedBooks(folder)).filter(({ isOver }) => !isOver);
    this.verdict.end({ books, ended });
    assert.deepEqual(this.verdict.violations, []);
    assert.deepEqual(failures, []);
  }

  /** Who sits in another life by now, since its server was away for longer than the lease lasts, has lost this one. */
  #readClaims(lines: readonly string[]): void {
    for (const { "room.life": life = "", "user.id": user } of said(lines, "claim lost")) this.#claimsLost.add(seatOf(life, user));
  }

  #read(line: string, ended: Map<number, readonly number[]>, failures: string[]): void {
    if (!line.startsWith("{")) return;
    const { event, reason, game, users, life } = readLog(line);
    const end = event === "game" ? readEnded(game) : undefined;
    if (end !== undefined) {
      const bound = end.bound.filter((user) => !this.#claimsLost.has(seatOf(life, user)));
      ended.set(end.book, bound);
    }
    if (event === "outputs gone" || event === "room lost") this.verdict.pardon(users);
    if (this.#isBroken(event, reason, line)) failures.push(line);
  }

  #isBroken(event: string, reason: string, line: string): boolean {
    // A life that has moved on meanwhile costs nobody anything.
    if (event === "directory conflict") return reason !== conflictReasons.moved && !this.#outlasts;
    if (line.includes(lapsed)) return !this.#outlasts;
    return broken.has(event);
  }

  #isGateGone(code: number, wasIn: boolean): boolean {
    if (this.#gatesLeave && (!wasIn || code === closeCodes.restart.code)) return true;
    return this.#gatesDie && (!wasIn || code === brokenOff);
  }

  #connect(user: number, listener: ClientListener): ClientSocket | undefined {
    const open = [...this.doors].filter(({ isOpen }) => isOpen);
    if (open.length === 0) return undefined;
    const door = this.#chance.pick(open);
    const isGone = (code: number, wasIn: boolean): boolean => !door.isOpen || this.#isGateGone(code, wasIn);
    const connection = new RealSocket(listener, isGone);
    void wayIn(door.entrance, user).then((url) => {
      const socket = new WebSocket(url);
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      connection.attach(socket);
    });
    return connection;
  }
}

/** The ledgers as the journal in `folder` has them now: what is its own, or will be until somebody proves otherwise. */
export function storedBooks(folder: string): FinalBook[] {
  return storedRooms(folder)
    .filter(({ game }) => game === ledger.name)
    .map(finalBook);
}

/** The rooms that the journal in `folder` owns. */
export function storedRooms(folder: string): RoomValue[] {
  return storedValues(folder).filter(({ passage }) => passage?.is !== "incoming");
}

/** The rooms that the journal in `folder` has in whatever way, but for notes of those that are gone. */
export function storedValues(folder: string): RoomValue[] {
  const values = storedRows(folder).map(({ value }) => JSON.parse(value) as StoredValue);
  return values.filter((value): value is RoomValue => !isGone(value));
}

function seatOf(life: string, user: unknown): string {
  return `${life} ${user}`;
}

interface LogLine {
  readonly event: string;
  readonly reason: string;
  readonly game: string;
  readonly users: number;
  readonly life: string;
}

function readLog(line: string): LogLine {
  const { "event.action": event, "event.reason": reason = "", "game.text": game = "", users = 0, "room.life": life = "" } = read(line);
  return { event, reason, game, users, life };
}

class RealSocket implements ClientSocket {
  isMute = false;
  readonly #listener: ClientListener;
  /** Whether the connection ended with its gate, by its close code, and whether it was ever open. */
  readonly #isGateGone: (code: number, wasIn: boolean) => boolean;
  #wasIn = false;
  #socket: WebSocket | undefined;
  #waiting: Uint8Array[] = [];
  #isLeaving = false;

  constructor(listener: ClientListener, isGateGone: (code: number, wasIn: boolean) => boolean) {
    this.#listener = listener;
    this.#isGateGone = isGateGone;
  }

  attach(socket: WebSocket): void {
    this.#socket = socket;
    socket.on("error", () => {});
    socket.once("open", () => {
      this.#wasIn = true;
      for (const frame of this.#waiting.splice(0)) socket.send(frame);
      if (this.#isLeaving) socket.close(1000);
    });
    socket.on("message", (data: Buffer) => {
      if (!this.isMute && !this.#isLeaving) this.#listener.onFrame(data);
    });
    socket.once("close", (code) => {
      if (!this.#isLeaving) this.#listener.onClose(code, this.#isGateGone(code, this.#wasIn) ? "crash" : "gate");
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
