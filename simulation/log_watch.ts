/**
 * What the processes of a run log, as far as the verdict must know of it: what is counted,
 * what is pardoned, and what must never be said.
 */
import { conflictReasons } from "#fleet/conflicts.ts";
import type { Log, LogEvent, LogFields } from "#runtime/log.ts";
import type { Counts } from "./counts.ts";
import { readEnded } from "./ledger.ts";
import type { Verdict } from "./verdict.ts";

type Level = "debug" | "info" | "warn" | "error";

interface LogWatchOptions {
  counts: Counts;
  verdict: Verdict;
  /** Whether journals may forget what they had written. */
  losesPower: boolean;
  /** The directory may have lost what no promise covers: of two lives of a name, or of a user, one loses. */
  isPardoned(): boolean;
  /** The book of a life, wherever it is. */
  bookOf(life: string): number | undefined;
  /** The server with this name has frozen a room, to give it to the one with this journal. */
  onMoveStart(name: string, to: string): void;
  trace(name: string, what: () => string): void;
}

export class LogWatch {
  readonly violations: string[] = [];
  /** Books whose room has ended, with the users who could not have left it. */
  readonly ended = new Map<number, readonly number[]>();
  /** Rooms between their freeze and its settlement: the life, and the journals of both ends. */
  readonly #moving = new Map<string, { readonly from: string; readonly to: string }>();
  readonly #options: LogWatchOptions;

  constructor(options: LogWatchOptions) {
    this.#options = options;
  }

  log(name: string): Log {
    const say = (level: Level, event: LogEvent, fields: LogFields): void => {
      this.#options.trace(name, () => `${level} ${event} ${JSON.stringify(fields)}`);
      this.#note(name, level, event, fields);
    };
    const log = (context: LogFields): Log => ({
      isDebug: false,
      debug: (event, fields) => say("debug", event, { ...context, ...fields }),
      info: (event, fields) => say("info", event, { ...context, ...fields }),
      warn: (event, fields) => say("warn", event, { ...context, ...fields }),
      error: (event, fields) => say("error", event, { ...context, ...fields }),
      with: (fields) => log({ ...context, ...fields }),
    });
    return log({});
  }

  /** Whether a room is on its way now, from or to this machine if one is named. */
  isMoving(name?: string, journal?: string): boolean {
    if (name === undefined) return this.#moving.size > 0;
    return this.#moving.values().some(({ from, to }) => from === name || to === journal);
  }

  /** What was on its way from there is settled when the next process says so. */
  died(name: string): void {
    for (const [life, { from }] of this.#moving) if (from === name) this.#moving.delete(life);
  }

  #note(name: string, level: Level, event: LogEvent, fields: LogFields): void {
    const { counts, verdict } = this.#options;
    const life = fields["room.life"] ?? "";
    switch (event) {
      case "restore all":
        counts.restored += 1;
        return;
      case "room resumed":
        counts.resumed += 1;
        return;
      case "move start":
        this.#moving.set(life, { from: name, to: fields["link.peer"] ?? "" });
        return this.#options.onMoveStart(name, fields["link.peer"] ?? "");
      case "move end":
        counts.moved += 1;
        this.#moving.delete(life);
        return;
      case "move back":
        counts.movedBack += 1;
        this.#moving.delete(life);
        return;
      case "park all":
        counts.parked += 1;
        return;
      case "dissolve all":
        counts.dissolving += 1;
        return;
      case "directory conflict":
        return this.#onConflict(life, fields);
      case "game":
        return this.#onGame(fields["game.text"] ?? "");
      case "outputs gone":
      case "room lost":
        return verdict.pardon(fields.users ?? 0);
      case "inputs forgotten":
        if (!this.#options.losesPower) this.violations.push(`V2 ${name}: ${event} ${fields["event.reason"]}`);
        return;
      case "lease lapse":
        if (level !== "error") return; // the wall clock has jumped: the server only asks first
        this.violations.push(`V8 ${name}: ${event} ${fields["event.reason"]}`);
        return;
      case "room crash":
      case "room unreadable":
      case "failure":
        this.violations.push(`V8 ${name}: ${event} ${String(fields.err ?? fields["event.reason"])}`);
    }
  }

  /**
   * The honest weakening (ARCHITECTURE §4): a Redis that has lost what it had acknowledged, or its memory while a game
   * server was away, may let one name be opened twice, or a user sit in two rooms. The younger life ends, the user's
   * younger seat is taken back, each with Disconnect 0 and this line in the log; that is pardoned and nothing more. A life
   * that moved on under a higher epoch costs nobody anything.
   */
  #onConflict(life: string, fields: LogFields): void {
    const reason = fields["event.reason"];
    if (reason === conflictReasons.moved || !this.#options.isPardoned()) return;
    const book = this.#options.bookOf(life);
    if (book === undefined) return;
    this.#options.counts.conflicts += 1;
    if (reason === conflictReasons.lives) this.#options.verdict.forfeit(book);
    else this.#options.verdict.forfeitSeat(book, Number(fields["user.id"] ?? 0));
  }

  #onGame(text: string): void {
    const ended = readEnded(text);
    if (ended !== undefined) this.ended.set(ended.book, ended.bound);
  }
}
