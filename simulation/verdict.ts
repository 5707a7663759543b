/**
 * The verdict over histories: what clients sent and heard, and what the journals hold in the
 * end. It knows the ledger's rules and the promises, nothing of how they are kept; the
 * simulator and the tests with real processes are judged by the same code.
 *
 *     V1 no room lost │ V2 nothing acknowledged is forgotten │ V3 no input twice, none lost
 *     V4 every client: all events of its stay, once, in order │ V5 journals hold what was heard
 *     V6 no connection closed that its client did not close │ V7 nothing is kept that is over
 *     P4 nobody is gone who has not left
 */
import { DisconnectReason } from "#protocol/gen/frame_pb.ts";
import { refusals } from "#protocol/refusals.ts";
import type { BookNotice, EventNotice, LedgerEvent, Receipt } from "./ledger.ts";

/** One line of a history. `connection` is unique in the run. */
export type Line = { readonly atMs: number; readonly connection: number; readonly user: number } & (
  | { readonly is: "sent"; readonly token: string }
  /** A SitDown was sent. */
  | { readonly is: "asked" }
  | { readonly is: "book"; readonly notice: BookNotice }
  | { readonly is: "event"; readonly notice: EventNotice }
  | { readonly is: "receipt"; readonly receipt: Receipt }
  | { readonly is: "refused"; readonly code: number }
  /** Heard that somebody has risen or gone offline. */
  | { readonly is: "gone"; readonly who: number }
  /** The client itself stood up or dropped. */
  | { readonly is: "left"; readonly how: "stand" | "drop" }
  | { readonly is: "out"; readonly reason: number }
  /** The connection ended: by its client's doing, with its gate's process, or by the gate. */
  | { readonly is: "closed"; readonly code: number; readonly by: "client" | "crash" | "gate" }
);

/** A line before it is known whose it is. */
export type LineBody = Line extends infer One ? (One extends Line ? Omit<One, "atMs" | "connection" | "user"> : never) : never;

/** A ledger as a journal holds it in the end. */
export interface FinalBook {
  readonly book: number;
  readonly events: readonly LedgerEvent[];
  readonly name: string;
  readonly owner: string;
  readonly users: readonly number[];
  /** Kept only for its last words. */
  readonly isOver: boolean;
}

export interface Ending {
  readonly books: readonly FinalBook[];
  /** Books whose room has ended, with the users who could not have left it. */
  readonly ended: ReadonlyMap<number, readonly number[]>;
}

/** What a run is allowed to lose, because it did to the servers what no promise covers. */
export interface Allowances {
  /** Power was lost with unsynced turns: what was heard may be forgotten. */
  readonly forgets: boolean;
  /** Somebody was away longer than HOLD: seats may be lost. */
  readonly outlasts: boolean;
  /** Whose rooms servers that leave may end: nobody's, those in which nobody is playing, or all. */
  readonly dissolves: "nobody" | "the empty" | "everybody";
}

/** One client connection, from the book it heard to the end of its seat. */
interface Stay {
  readonly book: number;
  next: number;
}

interface Witness {
  readonly user: number;
  stay: Stay | undefined;
  /** Tokens sent in this stay and not receipted, in order. */
  unanswered: string[];
  /** Tokens whose stay ended before they were receipted: a scene on its way may have been taken for a new stay. */
  readonly outlived: Set<string>;
  refusals: number;
  /** A sit is on its way: should the client leave now, it has left a room that it never heard of. */
  isAsking: boolean;
  /** Sits sent while seated, or while another one was under way: each may be refused once. */
  asks: number;
  /** What had been heard of every book, by anybody, when this client asked for its seat. */
  known: ReadonlyMap<number, number>;
  isOpen: boolean;
}

export class Verdict {
  readonly violations: string[] = [];
  inputs = 0;
  receipts = 0;
  readonly #allowances: Allowances;
  readonly #witnesses = new Map<number, Witness>();
  /** What has been heard of each book, by number. */
  readonly #heard = new Map<number, Map<number, LedgerEvent>>();
  readonly #last = new Map<number, number>();
  /** Where each token was applied: book and number. */
  readonly #applied = new Map<string, string>();
  readonly #sent = new Set<string>();
  /** Tokens that somebody was told were applied. */
  readonly #receipted = new Map<string, number>();
  /** How often each user has left each book, and how often each connection heard it. */
  readonly #left = new Map<string, number>();
  readonly #goneHeard = new Map<string, number>();
  /** Sessions that heard Disconnect 0, and how many may have. */
  readonly #sentOut: string[] = [];
  #pardons = 0;
  /** Sessions that heard Disconnect 1, and of which book. */
  readonly #dissolved: { readonly book: number; readonly said: string }[] = [];
  /** Books that may be lost, and seats in books. */
  readonly #forfeited = new Set<number>();
  readonly #forfeitedSeats = new Set<string>();

  constructor(allowances: Allowances) {
    this.#allowances = allowances;
  }

  add(line: Line): void {
    const witness = this.#witnessOf(line);
    switch (line.is) {
      case "sent":
        this.inputs += 1;
        this.#sent.add(line.token);
        witness.unanswered.push(line.token);
        return;
      case "asked":
        if (witness.isAsking || witness.stay !== undefined) witness.asks += 1;
        if (witness.stay === undefined) witness.known = new Map(this.#last);
        witness.isAsking = true;
        return;
      case "book":
        return this.#onBook(line, witness, line.notice);
      case "event":
        return this.#onEvent(line, witness, line.notice);
      case "receipt":
        return this.#onReceipt(line, witness, line.receipt);
      case "refused":
        return this.#onRefused(line, witness, line.code);
      case "gone":
        return this.#onGone(line, witness, line.who);
      case "left":
        return this.#onLeft(witness);
      case "out":
        return this.#onOut(line, witness, line.reason);
      case "closed":
        witness.isOpen = false;
        if (line.by === "gate") this.#fail(line, `V6 the connection was closed with ${line.code}`);
        return line.by === "client" ? this.#onLeft(witness) : this.#endStay(witness);
    }
  }

  /** So many sessions may hear Disconnect 0: HOLD is over (P4), or a room has said more than it keeps for a gate (P3). */
  pardon(sessions: number): void {
    this.#pardons += sessions;
  }

  /** The book may be lost: another one has its name. */
  forfeit(book: number): void {
    this.#forfeited.add(book);
  }

  /** The user may be sent out of the book: he sits in another one. */
  forfeitSeat(book: number, user: number): void {
    this.#forfeitedSeats.add(`${book} ${user}`);
    this.#hasLeft(`${book} ${user}`);
  }

  /** What must hold when everything is healed and time enough has passed. */
  end({ books, ended }: Ending): void {
    this.#judgeOuts(ended);
    for (const [connection, witness] of this.#witnesses) this.#judgeWitness(connection, witness);
    const finals = new Map(books.map((final) => [final.book, final]));
    for (const [book, heard] of this.#heard) {
      const final = finals.get(book);
      if (final !== undefined) this.#judgeBook(final, heard);
      else if (!ended.has(book) && !this.#mayBeLost(book)) this.violations.push(`V1 book ${book} is lost`);
    }
    for (const [book, bound] of ended) if (!finals.has(book)) this.#judgeEnded(book, bound);
    this.#judgeOwnership(books);
    for (const { book, isOver } of books) if (isOver) this.violations.push(`V7 book ${book} is over, and still kept`);
  }

  #onBook(line: Line, witness: Witness, { book, count, events }: BookNotice): void {
    const last = witness.known.get(book) ?? 0;
    if (count < last && !this.#allowances.forgets) this.#fail(line, `V2 book ${book} has ${count} events, and ${last} were heard`);
    for (const event of events) this.#learn(line, book, event);
    witness.isAsking = false;
    if (witness.stay !== undefined && witness.stay.book !== book) this.#endStay(witness);
    witness.stay = { book, next: count + 1 };
  }

  #onEvent(line: Line, { stay }: Witness, { book, ...event }: EventNotice): void {
    this.#learn(line, book, event);
    if (stay === undefined) return; // the way out: a stand is answered by nothing, and this was under way
    if (book !== stay.book) return this.#fail(line, `V4 an event of book ${book} while in ${stay.book}`);
    const isPower = this.#allowances.forgets && event.number < stay.next;
    if (event.number !== stay.next && !isPower) this.#fail(line, `V4 event ${event.number} of book ${book}, and ${stay.next} was next`);
    stay.next = event.number + 1;
  }

  #onReceipt(line: Line, witness: Witness, { token, number }: Receipt): void {
    this.receipts += 1;
    const before = this.#receipted.get(token);
    if (before !== undefined && before !== number) this.#fail(line, `V3 ${token} was applied as ${before} and as ${number}`);
    this.#receipted.set(token, number);
    if (witness.stay === undefined) return;
    const at = witness.unanswered.indexOf(token);
    if (at === -1 && witness.outlived.delete(token)) return;
    if (at === -1) return this.#fail(line, `V4 a receipt for ${token}, which does not wait for one`);
    if (at > witness.refusals) this.#fail(line, `V3 ${token} was applied before ${at - witness.refusals} earlier inputs`);
    witness.unanswered.splice(at, 1);
  }

  #onRefused(line: Line, witness: Witness, code: number): void {
    if (witness.stay === undefined) return;
    if (code === refusals.notInARoom.code) this.#fail(line, "V4 not in a room, and nobody said so");
    witness.refusals += 1;
  }

  #onGone(line: Line, { stay }: Witness, who: number): void {
    if (stay === undefined || this.#allowances.outlasts || this.#allowances.forgets) return;
    const key = `${line.connection} ${stay.book} ${who}`;
    const times = (this.#goneHeard.get(key) ?? 0) + 1;
    this.#goneHeard.set(key, times);
    if (times > this.#timesLeft(stay.book, who)) this.#fail(line, `P4 user ${who} is gone, and has not left`);
  }

  #onLeft(witness: Witness): void {
    const { stay, user, isAsking } = witness;
    const keys = [...(stay === undefined ? [] : [`${stay.book} ${user}`]), ...(isAsking ? [`somewhere ${user}`] : [])];
    for (const key of keys) this.#hasLeft(key);
    witness.isAsking = false;
    this.#endStay(witness);
  }

  #hasLeft(key: string): void {
    this.#left.set(key, (this.#left.get(key) ?? 0) + 1);
  }

  /** `users`: who could not have left the book. */
  #judgeEnded(book: number, users: readonly number[]): void {
    const bound = users.filter((user) => !this.#forfeitedSeats.has(`${book} ${user}`));
    const mayEnd = bound.length === 0 || this.#allowances.dissolves === "everybody" || this.#allowances.forgets;
    if (!mayEnd) this.violations.push(`P4 book ${book} has ended, and user ${bound} could not leave it`);
  }

  #mayBeLost(book: number): boolean {
    return this.#allowances.forgets || this.#allowances.outlasts || this.#forfeited.has(book);
  }

  /** `bound`: who could not have left the book when it ended; undefined: it has not. */
  #mayDissolve(bound: readonly number[] | undefined): boolean {
    const { dissolves } = this.#allowances;
    return bound !== undefined && (dissolves === "everybody" || (dissolves === "the empty" && bound.length === 0));
  }

  #timesLeft(book: number, user: number): number {
    return (this.#left.get(`${book} ${user}`) ?? 0) + (this.#left.get(`somewhere ${user}`) ?? 0);
  }

  #onOut(line: Line, witness: Witness, reason: number): void {
    const isAllowed = this.#allowances.outlasts || this.#allowances.forgets || reason === DisconnectReason.REPLACED;
    if (witness.stay !== undefined && !isAllowed) this.#judgeOut(line, witness.stay.book, reason);
    this.#endStay(witness);
  }

  #judgeOuts(ended: Ending["ended"]): void {
    const dissolved = this.#dissolved.filter(({ book }) => !this.#mayDissolve(ended.get(book)));
    this.violations.push(...this.#sentOut.slice(this.#pardons), ...dissolved.map(({ said: what }) => what));
  }

  #judgeOut(line: Line, book: number, reason: number): void {
    const what = said(line, `V1 Disconnect ${reason}`);
    const isForfeited = this.#forfeited.has(book) || this.#forfeitedSeats.has(`${book} ${line.user}`);
    if (reason === DisconnectReason.ROOM_DISSOLVED) this.#dissolved.push({ book, said: what });
    else if (reason !== DisconnectReason.RETRY) this.violations.push(what);
    else if (!isForfeited) this.#sentOut.push(what);
  }

  /** What was not answered when a stay ended may have been applied or not. */
  #endStay(witness: Witness): void {
    witness.stay = undefined;
    for (const token of witness.unanswered) witness.outlived.add(token);
    witness.unanswered = [];
    witness.refusals = 0;
    witness.asks = 0;
  }

  /** All that is heard of an event must agree, and no token may be in two events. */
  #learn(line: Line, book: number, event: LedgerEvent): void {
    const heard = this.#heardOf(book);
    const known = heard.get(event.number);
    heard.set(event.number, event);
    this.#last.set(book, Math.max(event.number, this.#last.get(book) ?? 0));
    if (known !== undefined && (known.token !== event.token || known.draw !== event.draw) && !this.#allowances.forgets) {
      this.#fail(line, `V2 event ${event.number} of book ${book} was ${shown(known)}, and is ${shown(event)}`);
    }
    this.#apply(event, book, (what) => this.#fail(line, what));
  }

  #apply({ token, number }: LedgerEvent, book: number, fail: (what: string) => void): void {
    if (token === "") return;
    const place = `${book}/${number}`;
    const before = this.#applied.get(token);
    this.#applied.set(token, place);
    if (before !== undefined && before !== place && !this.#allowances.forgets) fail(`V3 ${token} was applied at ${before} and at ${place}`);
    if (!this.#sent.has(token)) fail(`V3 ${token} was never sent`);
  }

  #judgeWitness(connection: number, { isOpen, stay, unanswered, refusals: refused, asks, user }: Witness): void {
    if (!isOpen || stay === undefined) return;
    const missing = unanswered.length - refused;
    if (missing > 0 || missing < -asks)
      this.violations.push(`V3 ${missing} inputs of user ${user} (connection ${connection}) were not answered: ${unanswered}`);
    for (const token of unanswered) {
      if (this.#applied.has(token)) this.violations.push(`V3 ${token} was applied, and its client was not told`);
    }
  }

  #judgeBook({ book, events }: FinalBook, heard: ReadonlyMap<number, LedgerEvent>): void {
    const tokens = events.map(({ token }) => token).filter((token) => token !== "");
    if (new Set(tokens).size !== tokens.length) this.violations.push(`V3 book ${book} has a token twice`);
    for (const event of events) this.#apply(event, book, (what) => this.violations.push(what));
    if (this.#allowances.forgets) return;
    for (const [number, event] of heard) {
      const kept = events[number - 1];
      if (kept === undefined || kept.token !== event.token || kept.draw !== event.draw) {
        this.violations.push(`V5 event ${number} of book ${book} was ${shown(event)}, and the journal has ${kept ? shown(kept) : "none"}`);
      }
    }
  }

  /** P1: one room of a name, one owner of a life, one seat of a user. */
  #judgeOwnership(books: readonly FinalBook[]): void {
    const twice = (what: string, keys: readonly (string | number)[]): void => {
      const doubled = keys.filter((key, at) => keys.indexOf(key) !== at);
      if (doubled.length > 0) this.violations.push(`P1 twice: ${what} ${doubled}`);
    };
    twice(
      "book",
      books.map(({ book }) => book),
    );
    twice(
      "name",
      books.filter(({ isOver }) => !isOver).map(({ name }) => name),
    );
    twice(
      "user",
      books.flatMap(({ users }) => users),
    );
  }

  #witnessOf({ connection, user }: Line): Witness {
    const known = this.#witnesses.get(connection);
    if (known !== undefined) return known;
    const witness: Witness = {
      user,
      stay: undefined,
      unanswered: [],
      outlived: new Set(),
      refusals: 0,
      asks: 0,
      isAsking: false,
      known: new Map(),
      isOpen: true,
    };
    this.#witnesses.set(connection, witness);
    return witness;
  }

  #heardOf(book: number): Map<number, LedgerEvent> {
    const heard = this.#heard.get(book) ?? new Map<number, LedgerEvent>();
    this.#heard.set(book, heard);
    return heard;
  }

  #fail(line: Line, what: string): void {
    this.violations.push(said(line, what));
  }
}

function said({ atMs, connection, user }: Line, what: string): string {
  return `${what} (user ${user}, connection ${connection}, ${atMs.toFixed(1)} ms)`;
}

function shown({ token, draw }: LedgerEvent): string {
  return `${token === "" ? "a tick" : token}/${draw}`;
}
