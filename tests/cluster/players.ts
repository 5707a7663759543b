/**
 * Everybody who plays in a namespace while something is done to it, through Service `gate`: bots at dice, players of
 * the ledger with their whims, and echoers, who measure what others only feel; and what they have noticed in the end.
 */
import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import type { Report } from "#clients/dice_report.ts";
import type { Life } from "#fleet/directory.ts";
import { ownershipOf, type RoomValue } from "#game_server/room_value.ts";
import { playDice } from "#tests/faults/dice_bots.ts";
import { Echoer } from "#tests/faults/echoer.ts";
import { Door, LedgerCrowd } from "#tests/faults/ledger_crowd.ts";
import { isFull, sleep, until } from "#tests/faults/measure.ts";
import type { Run } from "#tests/support/process.ts";
import type { Namespace } from "./namespace.ts";
import { Noticed } from "./noticed.ts";
import type { ContainerLog } from "./pod_logs.ts";

const seatsPerRoom = 4;
const diceRooms = isFull ? 50 : 20;
export const bots = diceRooms * seatsPerRoom;
const echoRooms = isFull ? 12 : 6;
const ledgers = isFull ? { players: 48, rooms: 12 } : { players: 20, rooms: 6 };
/** Bots think, and a game of four takes about this and the 5 s between games. */
const thinkMs = 2000;
/** The longest a scenario may take. */
const secondsMax = 3600;
/** Within what a client may send. */
const echoEveryMs = 50;
/** Others' users are below. */
const firstEchoer = 1_000_000;
export const firstBot = 10_000;
/** What is on its way when a disturbance is over. */
const calmMs = 1000;
const answeredWithinMs = 10_000;
const seatedWithinMs = 60_000;

interface Attendance {
  readonly seed: number;
  /** Whether players of the ledger come and go. Left out: they do, and so rooms end and new ones are opened. */
  readonly hasWhims?: boolean;
  /** Gates leave service, and who is there is sent to another one: echoers, who never come back, stay at home. Left out: no. */
  readonly gatesLeave?: boolean;
  /** Gates are killed, too. Left out: no. */
  readonly gatesDie?: boolean;
}

export class Players {
  readonly crowd: LedgerCrowd;
  readonly #namespace: Namespace;
  readonly #bots: Run;
  readonly #startMs = performance.now();
  readonly #pausesMs: number[] = [];
  #echoers: readonly Echoer[] = [];
  #echoes = 0;
  #lateEchoes = 0;
  /** The lives of rooms that nobody leaves. */
  #lives: ReadonlyMap<string, string> = new Map();

  private constructor(t: TestContext, namespace: Namespace, { seed, hasWhims = true, gatesLeave = false, gatesDie = false }: Attendance) {
    const { entrance, gateHost, jwtKey } = namespace;
    this.#namespace = namespace;
    const flags = { users: bots, seconds: secondsMax, think: thinkMs, ip: gateHost, "first-user": firstBot };
    this.#bots = playDice(t, flags, { JWT_KEY: jwtKey.toString("base64") });
    this.crowd = new LedgerCrowd(t, { ...ledgers, seed, gatesLeave, gatesDie, drains: true });
    this.crowd.doors.add(new Door(entrance));
    if (!hasWhims) this.crowd.stay();
  }

  /** Everybody has come in, and all bots and echoers sit. */
  static async seat(t: TestContext, namespace: Namespace, attendance: Attendance): Promise<Players> {
    const players = new Players(t, namespace, attendance);
    // A Redis that has just been made is learning for 15 s; echoers ask only once.
    await until("the bots' seats", async () => (await namespace.seatsTaken("dice")) === bots, seatedWithinMs);
    const rooms = Array.from({ length: attendance.gatesLeave ? 0 : echoRooms }, (_, at) => ({
      user: firstEchoer + at,
      room: String(at + 1),
    }));
    players.#echoers = await Promise.all(rooms.map((seat) => Echoer.seat({ ...seat, entrance: namespace.entrance, everyMs: echoEveryMs })));
    players.#lives = livesOf(await namespace.rooms());
    return players;
  }

  /** The longest wait of each echoer in each disturbance so far. */
  get pausesMs(): readonly number[] {
    return this.#pausesMs;
  }

  /** Where there are no echoers, others measure how long clients were away. */
  note(pausesMs: readonly number[]): void {
    this.#pausesMs.push(...pausesMs);
  }

  /** Does something to the namespace, while echoers measure the longest wait of each. */
  async during<Result>(disturb: () => Promise<Result>): Promise<Result> {
    for (const echoer of this.#echoers) echoer.start();
    const result = await disturb();
    await sleep(calmMs);
    for (const echoer of this.#echoers) echoer.stop();
    await until("every echo", () => this.#echoers.every(({ unanswered }) => unanswered === 0), answeredWithinMs).catch(() => {});
    for (const { tookMs } of this.#echoers) {
      this.#pausesMs.push(Math.max(...tookMs));
      this.#echoes += tookMs.length;
      this.#lateEchoes += tookMs.filter((ms) => ms > 1000).length;
    }
    return result;
  }

  /**
   * It is over: everybody stays, and is judged; journals and directory agree.
   * `counts`: whose logs do.
   */
  async end(counts: (log: ContainerLog) => boolean = () => true): Promise<Noticed> {
    await this.crowd.settle();
    await until("one answer of journals and directory", () => this.#isAgreed());
    const lives = livesOf(await this.#namespace.rooms());
    const { logs } = this.#namespace;
    this.crowd.freeze();
    for (const log of [...logs.of("gate"), ...logs.of("game")].filter(counts)) this.crowd.watch(log);
    this.crowd.judge([...(await this.#namespace.journals()).values()]);
    const report = await this.#report();
    return new Noticed({
      ...{ report, pausesMs: this.#pausesMs, echoes: this.#echoes, lateEchoes: this.#lateEchoes },
      roomsLost: [...this.#lives].filter(([room, life]) => lives.get(room) !== life).map(([room]) => room),
      roomsDissolved: dissolved(logs.of("game")).filter((room) => this.#lives.has(room)),
      echoesLost: this.#echoers.reduce((sum, { unanswered }) => sum + unanswered, 0),
      echoesDoubled: this.#echoers.reduce((sum, { doubled }) => sum + doubled, 0),
      echoersClosed: this.#echoers.filter(({ isOpen }) => !isOpen).length,
      rooms: this.#lives.size + ledgers.rooms,
      ledger: this.crowd.verdict,
      durationMs: performance.now() - this.#startMs,
    });
  }

  async #report(): Promise<Report> {
    this.#bots.child.kill("SIGINT");
    await this.#bots.exited;
    assert.equal(this.#bots.errors, "");
    return JSON.parse(this.#bots.lines.at(-1) ?? "{}") as Report;
  }

  async #isAgreed(): Promise<boolean> {
    const told = await this.#namespace.lives();
    const kept = (await this.#namespace.rooms()).map(ownershipOf);
    return new Set(told.map(keyOf)).symmetricDifference(new Set(kept.map(keyOf))).size === 0;
  }
}

function livesOf(rooms: readonly RoomValue[]): ReadonlyMap<string, string> {
  return new Map(rooms.filter(({ game }) => game !== "ledger").map(({ game, room, life }) => [`${game}/${room}`, life]));
}

function keyOf({ life, owner, epoch }: Life): string {
  return `${life} ${owner} ${epoch}`;
}

/** Rooms that ended though somebody sat there; players of the ledger do leave. */
function dissolved(logs: readonly ContainerLog[]): string[] {
  const all = logs.flatMap((log) => log.said("room end"));
  return all.filter((said) => said["game.name"] !== "ledger").map((said) => `${said["game.name"]}/${said["room.id"]}`);
}
