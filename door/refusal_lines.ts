/** Refusals in the log: each is a line, but for those of a session that hears too many of them, and of too many such sessions. */
import { type Refused, refusals } from "#protocol/refusals.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Log, LogFields } from "#runtime/log.ts";
import { LogLimit, type Pace, refusalPaces } from "#runtime/log_limit.ts";

export class RefusalLines {
  readonly #limit: LogLimit;
  /** Failures are ours, not the client's: no refusal takes their share. */
  readonly #failures = new LogLimit(refusalPaces);
  readonly #clock: Clock;
  readonly #onDropped: () => void;

  /** `onDropped`: a line was left out. */
  constructor(clock: Clock, onDropped: () => void, paces: Readonly<{ each: Pace; all: Pace }> = refusalPaces) {
    this.#limit = new LogLimit(paces);
    this.#clock = clock;
    this.#onDropped = onDropped;
  }

  /** `who`: in whose share of lines it is. */
  say(log: Log, who: string | number, { refusal: { code }, message, cause: err }: Refused, fields: LogFields = {}): void {
    const isFailure = code === refusals.fail.code;
    const left = (isFailure ? this.#failures : this.#limit).take(who, this.#clock.now());
    if (left === undefined) return this.#onDropped();
    const said = { ...fields, "error.code": code, "event.reason": message, ...left };
    if (isFailure) log.error("refusal", { ...said, err });
    else log.info("refusal", said);
  }

  /** Nothing more will be said of `who`: how many lines were left out and not said. */
  end(who: string | number): LogFields {
    return this.#limit.end(who);
  }
}
