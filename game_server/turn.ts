/**
 * The end of an event-loop turn: every room touched in it says what it has to say, each
 * output grouped by the exits it leaves through, and every exit sends once. Whatever must
 * be durable before a client sees it is committed here, first.
 */
import type { Clock } from "#runtime/clock.ts";
import type { Exit, SessionHandle } from "./exit.ts";
import type { Output } from "./outbox.ts";
import type { Room } from "./room.ts";

export class Turn {
  readonly #clock: Clock;
  readonly #onReleased: (room: Room) => void;
  readonly #onEnd: () => void;
  readonly #rooms = new Set<Room>();
  readonly #exits = new Set<Exit>();

  /** `onReleased`: the room has said everything of this turn. `onEnd`: so has every room. */
  constructor(clock: Clock, { onReleased, onEnd }: { onReleased: (room: Room) => void; onEnd: () => void }) {
    this.#clock = clock;
    this.#onReleased = onReleased;
    this.#onEnd = onEnd;
  }

  /** Whether nothing waits to be said. */
  get isOver(): boolean {
    return this.#rooms.size === 0;
  }

  touch(room: Room): void {
    if (this.#rooms.size === 0) this.#clock.turnEnd(() => this.#end());
    this.#rooms.add(room);
  }

  #end(): void {
    const rooms = [...this.#rooms];
    this.#rooms.clear();
    for (const room of rooms) {
      room.release(
        (output, handles) => this.#send(output, handles),
        ({ exit, id }, number) => {
          exit.ack(id, number);
          this.#exits.add(exit);
        },
      );
      this.#onReleased(room);
    }
    for (const exit of this.#exits) exit.flush();
    this.#exits.clear();
    this.#onEnd();
  }

  /** One output per exit, with the list of its sessions there. */
  #send({ flags, frame }: Output, handles: readonly SessionHandle[]): void {
    const byExit = new Map<Exit, number[]>();
    for (const { exit, id } of handles) {
      const ids = byExit.get(exit);
      if (ids === undefined) byExit.set(exit, [id]);
      else ids.push(id);
    }
    for (const [exit, ids] of byExit) {
      exit.output(flags, ids, frame);
      this.#exits.add(exit);
    }
  }
}
