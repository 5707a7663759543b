/** Patient players of the ledger together, four to a room, spread over the gates: nobody leaves, so nobody may hear of an end. */
import assert from "node:assert/strict";
import type { Notice_Reason } from "#protocol/gen/frame_pb.ts";
import type { Verdict } from "#simulation/verdict.ts";
import type { Entrance } from "#tests/support/entrance.ts";
import { LedgerSeat } from "./ledger_seat.ts";
import { sleep, until } from "./measure.ts";

const seatsPerRoom = 4;
/** Game servers tell gates how many rooms they have at most so often. */
const statusMs = 100;

interface SeatsOptions {
  /** Of the gates. */
  readonly entrances: readonly Entrance[];
  readonly rooms: number;
  readonly verdict: Verdict;
  /** Others play too: names and users begin here. */
  readonly first?: number;
  /** All of a room at one gate. Left out: at all gates in turn. */
  readonly isByRoom?: boolean;
}

export class LedgerSeats {
  readonly all: readonly LedgerSeat[];

  private constructor(all: readonly LedgerSeat[]) {
    this.all = all;
  }

  /** Everybody sits. */
  static async open({ entrances, rooms, verdict, first = 1, isByRoom = false }: SeatsOptions): Promise<LedgerSeats> {
    const all: LedgerSeat[] = [];
    for (let room = 0; room < rooms; room++) {
      // One after another: who opens a room shall know where the last one is.
      const opened = Array.from({ length: seatsPerRoom }, (_, at) => {
        const user = first + room * seatsPerRoom + at;
        return LedgerSeat.open(entrances[(isByRoom ? room : at) % entrances.length] ?? 0, user, String(first + room), verdict);
      });
      all.push(...(await Promise.all(opened)));
      await until("everybody's seat", () => all.every((seat) => seat.isSeated));
      await sleep(statusMs);
    }
    return new LedgerSeats(all);
  }

  /** Each writes so often from now on, but not all at the same moment. */
  async write(everyMs: number): Promise<void> {
    for (const seat of this.all) {
      await sleep(everyMs / this.all.length);
      seat.writeEvery(everyMs);
    }
  }

  rest(): void {
    for (const seat of this.all) seat.rest();
  }

  /** Waits until everything was answered. */
  async answered(): Promise<void> {
    await until("every answer", () => this.all.every(({ sent, answered }) => answered >= sent));
  }

  sum(what: "sent" | "answered"): number {
    return this.all.reduce((sum, seat) => sum + seat[what], 0);
  }

  /** Nobody was closed, and everybody heard these notices and no others. */
  assertKept(reasons: readonly Notice_Reason[]): void {
    for (const { notices, user, closes } of this.all) {
      assert.deepEqual(
        notices.map(({ reason }) => reason),
        reasons,
        `user ${user}`,
      );
      assert.equal(closes, 0, `user ${user}`);
    }
  }

  /** Their end is no business of the verdict's. */
  leave(): void {
    for (const seat of this.all) seat.leave();
  }
}
