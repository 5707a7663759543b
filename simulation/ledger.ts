/**
 * The ledger: a game that only writes down, made to be checked. Every entry carries a token
 * that its client uses once; every event is numbered, and everyone hears all of it. Whatever
 * is lost, doubled, forgotten or out of order shows in what clients hear.
 *
 *     client ─ entry "7.3" ──> room ──> receipt {token, number} to its writer
 *                                  └──> event {book, number, token, draw} to everyone
 *     a tick every 2 s is an event too; who arrives hears how long the book is, and its end
 */
import type { Game, Table } from "#game_server/game.ts";
import { type Frame, frame } from "#protocol/frame.ts";
import { Refused } from "#protocol/refusals.ts";

export const Command = { ENTRY: 100, EVENT: 200, RECEIPT: 201, BOOK: 203 } as const;

const tickMs = 2000;
const bookMax = 2 ** 40;
/** Events in what an arriver hears: the outbox keeps 16 KB. */
const tailMax = 30;
const drawMax = 1_000_000;

/** Numbered from 1. A tick's token is "". */
export interface LedgerEvent {
  readonly number: number;
  readonly token: string;
  /** A random number: the same for everybody who hears of the event, also after a restart. */
  readonly draw: number;
}

export interface LedgerState {
  /** The random name of this ledger: one per life. */
  readonly book: number;
  readonly events: LedgerEvent[];
}

export type EventNotice = LedgerEvent & { readonly book: number };

export interface BookNotice {
  readonly book: number;
  readonly count: number;
  /** The last ones. */
  readonly events: readonly LedgerEvent[];
}

export interface Receipt {
  readonly token: string;
  readonly number: number;
}

export const ledger: Game<LedgerState> = {
  name: "ledger",
  version: 1,
  seats: 4,

  open(table) {
    table.startTicker("tick", tickMs);
    return { book: table.random(1, bookMax), events: [] };
  },

  arrive(table, state, player) {
    const { book, events } = state;
    table.send(player.user, json(Command.BOOK, { book, count: events.length, events: events.slice(-tailMax) }));
  },

  /** A player may leave when he has written an even number of entries. With the last one the ticks end, and so the room. */
  leave(table, state, player) {
    const mayLeave = player.isWatcher || !bound(state.events).includes(player.user);
    if (mayLeave && table.players.length === 1) table.stopTimer("tick");
    return mayLeave;
  },

  message(table, state, player, command, body) {
    if (command !== Command.ENTRY) throw new Refused("unknownCommand", { of: command });
    if (player.isWatcher) throw new Refused("watcherOperate");
    const token = new TextDecoder().decode(body);
    const number = write(table, state, token);
    table.send(player.user, json(Command.RECEIPT, { token, number }));
  },

  timer(table, state) {
    write(table, state, "");
  },

  dissolve(table, { book, events }) {
    table.log(`ended ${book} ${bound(events)}`);
  },
  phase: () => "open",
  print: (_table, state) => `${state.events.length} events`,
};

/** Users who may not leave. */
function bound(events: readonly LedgerEvent[]): readonly number[] {
  const written = Map.groupBy(
    events.filter(({ token }) => token !== ""),
    ({ token }) => Number(token.split(".")[0]),
  );
  return [...written].filter(([, own]) => own.length % 2 !== 0).map(([user]) => user);
}

/** What a ledger that ends says of itself in the log: its book, and who could not leave it. */
export function readEnded(text: string): { book: number; bound: readonly number[] } | undefined {
  const [, book, users] = /^ended (\d+) ([\d,]*)$/.exec(text) ?? [];
  if (book === undefined) return undefined;
  return { book: Number(book), bound: users === undefined || users === "" ? [] : users.split(",").map(Number) };
}

function write(table: Table, state: LedgerState, token: string): number {
  const event = { number: state.events.length + 1, token, draw: table.random(1, drawMax) };
  state.events.push(event);
  table.sendAll(json(Command.EVENT, { ...event, book: state.book }));
  return event.number;
}

function json(command: number, value: unknown): Frame {
  return frame(command, new TextEncoder().encode(JSON.stringify(value)));
}

/** What a notice of the ledger says. */
export function readNotice<Notice>(body: Uint8Array): Notice {
  return JSON.parse(new TextDecoder().decode(body)) as Notice;
}
