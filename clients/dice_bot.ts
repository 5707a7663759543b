/**
 * A bot at a dice table: sits down, rolls once in every game, and remembers what it saw, so
 * that each settlement can be held against it.
 */
import { dice } from "#protocol/dice.ts";
import type { SceneNotice, SettlementNotice, ShakeResponse } from "#protocol/gen/dice_pb.ts";
import {
  type Client,
  type ClientState,
  type Connecting,
  type CroupierError,
  connect,
  type Gone,
  isConnected,
  isInRoom,
  type Room,
} from "./client.ts";

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
  readonly #table: Room<typeof dice>;
  readonly #options: DiceBotOptions;
  readonly #stopped = Promise.withResolvers<void>();
  #game: Game = nothingSeen;
  #rollTimer: ReturnType<typeof setTimeout> | undefined;
  #rolledAtMs = 0;
  /** A roll is on its way: it must be answered before the next one is due. */
  #isRolling = false;
  #satAtMs = 0;
  #wasConnected = false;
  #satAtEnd: boolean | undefined;

  constructor(options: DiceBotOptions) {
    this.#options = options;
    this.room = options.room;
    this.#client = connect({ url: options.url, getToken: options.token });
    this.#client.on("state", (state) => this.#clientOnState(state));
    this.#table = options.room === undefined ? this.#client.match(dice) : this.#client.sit(dice, { room: options.room });
    this.#table.on("scene", (scene) => this.#onScene(scene));
    this.#table.on("start", () => this.#onStart());
    this.#table.on("shaken", (shaken) => this.#onShaken(shaken));
    this.#table.on("settlement", (settlement) => this.#onSettlement(settlement));
    this.#table.on("refused", (error) => this.#onRefused(error));
  }

  /** Whether it sits, or sat when it was stopped. */
  get isSeated(): boolean {
    return this.#satAtEnd ?? isInRoom(this.#client.state);
  }

  /** Resolves when the connection is closed. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  stop(): void {
    this.#satAtEnd = this.isSeated;
    clearTimeout(this.#rollTimer);
    void this.#client.close();
  }

  #clientOnState(state: ClientState): void {
    if (state.is === "connecting") this.#onWay(state);
    else if (state.is === "outside") count(this.errors, state.because);
    else if (state.is === "gone") this.#onGone(state);
    this.#wasConnected = isConnected(state);
  }

  #onWay(state: Connecting): void {
    const { because, detail } = state;
    if (because === "sit") this.#satAtMs = performance.now();
    if (because === "room lost") count(this.errors, because);
    if (isConnected(state) || because === "start") return;
    clearTimeout(this.#rollTimer); // the next scene says whether to roll
    this.#isRolling = false; // lost with its connection
    if (this.#wasConnected) this.reconnects += 1; // otherwise nobody let it in
    count(this.closes, detail);
  }

  #onGone({ because, code, detail }: Gone): void {
    if (because !== "closed") count(this.closes, `${code} ${detail}`);
    void this.#client.close().then(() => this.#stopped.resolve());
  }

  #onScene({ status, dice }: SceneNotice): void {
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
      this.#isRolling = this.#table.send("shake") === "sent";
    }, Math.random() * this.#options.thinkMs);
  }

  #onShaken({ userId, dicePoints }: ShakeResponse): void {
    const isMine = userId === this.#client.user;
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

  #onRefused({ number, message }: CroupierError): void {
    count(this.errors, `${number} ${message}`);
    this.#isRolling = false;
  }
}

function count(counts: Map<string, number>, what: string): void {
  counts.set(what, (counts.get(what) ?? 0) + 1);
}
