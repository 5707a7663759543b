/**
 * A bot at a dice table: sits down, rolls once in every game, and remembers what it saw, so
 * that each settlement can be held against it.
 */
import { decode } from "#protocol/frame.ts";
import {
  Command as DiceCommand,
  SceneNoticeSchema,
  type SettlementNotice,
  SettlementNoticeSchema,
  ShakeResponseSchema,
} from "#protocol/gen/dice_pb.ts";
import { Command, ErrorResponseSchema, Int32Schema, Int64Schema } from "#protocol/gen/frame_pb.ts";
import { Client, type ClientState } from "./client.ts";

interface DiceBotOptions {
  url: string;
  token: () => Promise<string>;
  /** Undefined: wherever a match leads. */
  room: string | undefined;
  /** Rolls after a random time up to this. */
  thinkMs: number;
}

/** What a bot saw of one game: the whole of it, or only its end. */
interface Game {
  readonly fromStart: boolean;
  readonly own: number | undefined;
  readonly rolled: ReadonlySet<string>;
}

const nothingSeen: Game = { fromStart: false, own: undefined, rolled: new Set() };

export class DiceBot {
  readonly room: string | undefined;
  readonly rollMs: number[] = [];
  readonly sitMs: number[] = [];
  /** Refusals, and whatever else put it out of its seat. */
  readonly errors = new Map<string, number>();
  readonly closes = new Map<string, number>();
  /** Every settlement heard, as text, in order. */
  readonly settlements: string[] = [];
  readonly inconsistencies: string[] = [];
  rolls = 0;
  reconnects = 0;
  readonly #client: Client;
  readonly #options: DiceBotOptions;
  readonly #stopped = Promise.withResolvers<void>();
  #game: Game = nothingSeen;
  #rollTimer: ReturnType<typeof setTimeout> | undefined;
  #rolledAtMs = 0;
  /** A roll is on its way: it must be answered before the next one is due. */
  #isRolling = false;
  #satAtMs = 0;
  #before: ClientState["is"] = "connecting";

  constructor(options: DiceBotOptions) {
    this.#options = options;
    this.room = options.room;
    this.#client = new Client({
      url: options.url,
      token: options.token,
      onFrame: (command, body) => this.#clientOnFrame(command, body),
      onState: (state) => this.#clientOnState(state),
    });
    this.#client.sit(options.room === undefined ? { game_name: "dice" } : { game_name: "dice", room_id: options.room });
  }

  get isSeated(): boolean {
    return this.#client.isSeated;
  }

  /** Resolves when the connection is closed. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  stop(): void {
    clearTimeout(this.#rollTimer);
    this.#client.close();
  }

  #clientOnState(state: ClientState): void {
    if (state.is === "connected") this.#satAtMs = performance.now();
    if (state.is === "waiting") {
      clearTimeout(this.#rollTimer); // the next scene says whether to roll
      this.#isRolling = false; // lost with its connection
      if (this.#before === "connected") this.reconnects += 1; // otherwise nobody let it in
      count(this.closes, state.because);
    }
    this.#before = state.is;
    if (state.is !== "closed") return;
    if (state.code !== 1000) count(this.closes, `${state.code} ${state.reason}`);
    this.#stopped.resolve();
  }

  #clientOnFrame(command: number, body: Uint8Array): void {
    if (command === DiceCommand.SCENE) this.#onScene(body);
    else if (command === DiceCommand.START) this.#onStart();
    else if (command === DiceCommand.SHAKE) this.#onShake(body);
    else if (command === DiceCommand.SETTLEMENT) this.#onSettlement(decode(SettlementNoticeSchema, body));
    else if (command === Command.ERROR) this.#onError(body);
    else if (command === Command.DISCONNECT) count(this.errors, `Disconnect ${decode(Int32Schema, body).v}`);
    else if (command === Command.STAND_UP) this.#onStandUp(Number(decode(Int64Schema, body).v));
  }

  #onScene(body: Uint8Array): void {
    const { status, dice } = decode(SceneNoticeSchema, body);
    this.sitMs.push(performance.now() - this.#satAtMs);
    const own = dice[String(this.#client.user)];
    // A scene names everyone who has rolled, so whoever has it knows the game from its start.
    this.#game = { fromStart: status, own: own || undefined, rolled: new Set(status ? Object.keys(dice) : []) };
    if (status && own === undefined) this.#rollSoon();
  }

  #onStart(): void {
    this.#game = { fromStart: true, own: undefined, rolled: new Set() };
    this.#rollSoon();
  }

  #rollSoon(): void {
    clearTimeout(this.#rollTimer);
    this.#rollTimer = setTimeout(() => {
      if (this.#isRolling) this.inconsistencies.push(`user ${this.#client.user}: my last roll was not answered`);
      this.#rolledAtMs = performance.now();
      this.#isRolling = this.#client.send(DiceCommand.SHAKE);
    }, Math.random() * this.#options.thinkMs);
  }

  #onShake(body: Uint8Array): void {
    const { userId, dicePoints } = decode(ShakeResponseSchema, body);
    const isMine = Number(userId) === this.#client.user;
    if (isMine) {
      this.rolls += 1;
      this.#isRolling = false;
      this.rollMs.push(performance.now() - this.#rolledAtMs);
    }
    const rolled = new Set(this.#game.rolled).add(String(userId));
    this.#game = { ...this.#game, rolled, own: isMine ? dicePoints : this.#game.own };
  }

  #onSettlement({ winner, dice }: SettlementNotice): void {
    clearTimeout(this.#rollTimer);
    const text = JSON.stringify({ dice, winner: winner.map(String) });
    const { fromStart, own, rolled } = this.#game;
    const say = (what: string): void => void this.inconsistencies.push(`user ${this.#client.user}: ${what} in ${text}`);
    if (fromStart && dice[String(this.#client.user)] !== own) say(`my ${own} is not`);
    if (fromStart && rolled.symmetricDifference(new Set(Object.keys(dice))).size > 0) say(`the rolls ${[...rolled]} are not those`);
    const most = Math.max(...Object.values(dice));
    const winners = Object.keys(dice).filter((user) => dice[user] === most);
    if (new Set(winners).symmetricDifference(new Set(winner.map(String))).size > 0) say("the winners are wrong");
    this.settlements.push(text);
    this.#game = nothingSeen;
  }

  #onError(body: Uint8Array): void {
    const { code, desc } = decode(ErrorResponseSchema, body);
    count(this.errors, `${code} ${desc}`);
    this.#isRolling = false;
  }

  #onStandUp(user: number): void {
    if (user === this.#client.user) count(this.errors, "stood up unasked");
  }
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
