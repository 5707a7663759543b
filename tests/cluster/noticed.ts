/** What players have noticed of a disturbance: as one line for a person, and held against what is promised. */
import assert from "node:assert/strict";
import type { Report } from "#clients/dice_report.ts";
import { patience, spreadOf } from "#tests/faults/measure.ts";

interface Facts {
  /** Of the bots. */
  readonly report: Report;
  /** The longest wait of each echoer in each disturbance. */
  readonly pausesMs: readonly number[];
  readonly echoes: number;
  readonly lateEchoes: number;
  readonly echoesLost: number;
  readonly echoesDoubled: number;
  readonly echoersClosed: number;
  /** Rooms that nobody had left, and that are gone, or other ones of the same name. */
  readonly roomsLost: readonly string[];
  readonly roomsDissolved: readonly string[];
  readonly rooms: number;
  /** What was judged already: no violation, or the test would have ended there. */
  readonly ledger: { readonly inputs: number; readonly receipts: number };
  readonly durationMs: number;
}

/** Of inputs, answered within a second; limits in time are four times as large on a shared machine, and so is the rest. */
const lateShareMax = 0.001 * patience;

export class Noticed {
  readonly #facts: Facts;

  constructor(facts: Facts) {
    this.#facts = facts;
  }

  /** The share of echoes and rolls that took more than a second, or were never answered. */
  get lateShare(): number {
    const { report, echoes, lateEchoes, echoesLost } = this.#facts;
    return (lateEchoes + echoesLost + report.lateRolls) / (echoes + echoesLost + report.rolls);
  }

  line(what: string): string {
    const { report, rooms, roomsLost, roomsDissolved, ledger, echoes, echoesLost, echoesDoubled, pausesMs, durationMs } = this.#facts;
    const within = (100 * (1 - this.lateShare)).toFixed(3);
    return [
      `${what}: ${rooms} rooms, ${report.users} bots: rooms lost ${roomsLost.length}, dissolved ${roomsDissolved.length}`,
      `reconnects per client at most ${report.reconnectsMost}`,
      `inputs lost ${echoesLost}, doubled ${echoesDoubled} of ${echoes} echoes, ${report.rolls} rolls, ${ledger.inputs} ledger entries`,
      `pause ${spreadOf(pausesMs)} (${pausesMs.length} measured)`,
      `${within} % answered within 1 s`,
      `${(durationMs / 1000).toFixed(0)} s`,
    ].join("; ");
  }

  /** Nobody was sent out or waited in vain; no room is lost or has ended. `reconnects`: of every bot, if a gate left it. */
  assertUnharmed({ reconnects = 0 } = {}): void {
    const { report, roomsLost, roomsDissolved, echoesLost, echoesDoubled, echoersClosed, ledger } = this.#facts;
    const { reconnectsMost, inconsistencies, errors, closes, seated, users } = report;
    assert.deepEqual({ roomsLost, roomsDissolved }, { roomsLost: [], roomsDissolved: [] });
    assert.deepEqual(
      { reconnectsMost, inconsistencies, errors, closes, seated },
      { reconnectsMost: reconnects, inconsistencies: [], errors: {}, closes: reconnects === 0 ? {} : closes, seated: users },
    );
    assert.deepEqual({ echoesLost, echoesDoubled, echoersClosed }, { echoesLost: 0, echoesDoubled: 0, echoersClosed: 0 });
    assert.ok(ledger.receipts > 0 && report.rolls > 0, "hardly anybody has played");
  }

  /** 99.9 % of what players said was answered within a second. */
  assertPrompt(): void {
    assert.ok(this.lateShare <= lateShareMax, `${this.lateShare} of all inputs were late`);
  }
}
