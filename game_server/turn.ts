/**
 * The end of an event-loop turn: every room touched in it is written down in one commit,
 * and only then does anybody hear of it (P2): directories, gates, players, each exit once.
 *
 * A journal without space stops time here: what the turn brought waits, nothing that players
 * send is applied, and the commit is tried again until there is space.
 */
import type { Clock, Timer } from "#runtime/clock.ts";
import type { Exit } from "./exit.ts";
import { type Journal, JournalFull } from "./journal.ts";
import type { Room } from "./room.ts";
import type { StoredValue } from "./room_value.ts";

const stalledRetryMs = 250;

interface TurnOptions {
  /** The server's own clock, which the journal keeps. */
  clock: Clock;
  journal: Journal;
  /** The room has said everything of this turn. */
  onReleased(room: Room): void;
  /** So has every room. */
  onEnd(): void;
  /** Whether the rooms here are still this server's to play. */
  mayPlay(): boolean;
  /** They are not: this turn is not written, and nothing of it is said. */
  onLapsed(): void;
  /** The journal has no space, or has some again. */
  onStalled(isStalled: boolean): void;
}

type Stage = { readonly is: "idle" } | { readonly is: "under way" } | { readonly is: "stalled"; retry: Timer } | { readonly is: "stopped" };

export class Turn {
  readonly #options: TurnOptions;
  readonly #rooms = new Set<Room>();
  readonly #exits = new Set<Exit>();
  /** What is written beside the rooms, by life. */
  readonly #notes = new Map<string, StoredValue | undefined>();
  #isSynced = false;
  #after: (() => void)[] = [];
  #stage: Stage = { is: "idle" };

  constructor(options: TurnOptions) {
    this.#options = options;
  }

  /** Whether nothing waits to be written or said. */
  get isOver(): boolean {
    return this.#stage.is === "idle" || this.#stage.is === "stopped";
  }

  get isStalled(): boolean {
    return this.#stage.is === "stalled";
  }

  /** The room has changed: it is committed at the end of this turn. */
  touch(room: Room): void {
    this.#rooms.add(room);
    this.#begin();
  }

  /** The room is not ours any more: it is not written again. */
  forget(room: Room): void {
    this.#rooms.delete(room);
  }

  /** Written down with this turn, on the disk itself: what is known of a life that is not played here; undefined: nothing. */
  note(life: string, value: StoredValue | undefined): void {
    this.#notes.set(life, value);
    this.sync();
  }

  /** This turn is on the disk itself before anything of it leaves. */
  sync(): void {
    this.#isSynced = true;
    this.#begin();
  }

  /** The clock is written down at the end of this turn, whatever else there is. */
  tick(): void {
    this.#begin();
  }

  /** Runs when this turn is committed, ahead of the rooms' outputs. */
  afterCommit(act: () => void): void {
    this.#after.push(act);
    this.#begin();
  }

  /** Nothing is written or said any more. */
  stop(): void {
    if (this.#stage.is === "stalled") this.#stage.retry.cancel();
    this.#stage = { is: "stopped" };
  }

  #begin(): void {
    if (this.#stage.is !== "idle") return;
    this.#stage = { is: "under way" };
    this.#options.clock.turnEnd(() => this.#end());
  }

  #end(): void {
    if (this.#stage.is === "stopped") return;
    if (!this.#options.mayPlay()) return this.#lapse();
    if (!this.#commit()) return this.#stall();
    const wasStalled = this.isStalled;
    this.#stage = { is: "idle" };
    this.#release();
    if (wasStalled) this.#options.onStalled(false); // gates attach anew, behind what the turn had to say
    this.#options.onEnd();
  }

  /** False: no space. Anything else that goes wrong ends the process. */
  #commit(): boolean {
    const kept: { life: string; value: string }[] = [];
    const ended: string[] = [];
    for (const room of [...this.#rooms]) {
      const { life } = room;
      const value = room.writeDown();
      if (this.#notes.has(life)) continue; // it is not played here any more
      if (room.isDone) ended.push(life);
      else kept.push({ life, value });
    }
    for (const [life, value] of this.#notes) {
      if (value === undefined) ended.push(life);
      else kept.push({ life, value: JSON.stringify(value) });
    }
    try {
      this.#options.journal.commit({ clockMs: this.#options.clock.now(), kept, ended, isSynced: this.#isSynced });
      this.#notes.clear();
      this.#isSynced = false;
      return true;
    } catch (thrown) {
      if (thrown instanceof JournalFull) return false;
      throw thrown;
    }
  }

  #lapse(): void {
    this.stop();
    this.#options.onLapsed();
  }

  #stall(): void {
    const isNew = !this.isStalled;
    this.#stage = { is: "stalled", retry: this.#options.clock.after(stalledRetryMs, () => this.#end()) };
    if (isNew) this.#options.onStalled(true);
  }

  #release(): void {
    const rooms = [...this.#rooms];
    const after = this.#after;
    this.#rooms.clear();
    this.#after = [];
    for (const act of after) act();
    for (const room of rooms) {
      room.release(
        (exit, { number, flags, sessions, frame }) => {
          exit.output(room.life, number, flags, sessions, frame);
          this.#exits.add(exit);
        },
        (exit, session, number) => {
          exit.ack(session, number);
          this.#exits.add(exit);
        },
      );
      this.#options.onReleased(room);
    }
    for (const exit of this.#exits) exit.flush();
    this.#exits.clear();
  }
}
