/**
 * What a room has to say, in order, until the turn ends: each output once, with the
 * sessions it is for. Nothing leaves before the turn's commit.
 */
import type { Frame } from "#protocol/frame.ts";

export interface Output {
  /** `outputFlags` of the link. */
  readonly flags: number;
  /** Session keys: a gate's boot and a counter. */
  readonly sessions: readonly string[];
  /** Empty where only a flag is to be told. */
  readonly frame: Frame;
}

export class Outbox {
  #outputs: Output[] = [];

  get length(): number {
    return this.#outputs.length;
  }

  put(output: Output): void {
    if (output.sessions.length > 0) this.#outputs.push(output);
  }

  /** Forgets what was put after the outbox had `length` outputs: a handler that threw said nothing. */
  cutTo(length: number): void {
    this.#outputs.length = length;
  }

  take(): readonly Output[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }
}
