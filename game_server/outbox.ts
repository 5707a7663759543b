/**
 * What a room has said and not every gate has confirmed: numbered outputs, each with the
 * sessions it is for. They are part of the room's value, and so of the commit: after a crash
 * or a lost link the room knows what it has to say again (P2, P3).
 *
 * At most 64 outputs or 16 KB are kept. Beyond that the oldest go, and a gate that still
 * needed one of them has lost its place: its sessions hear Disconnect 0 when it comes back.
 */
import type { Frame } from "#protocol/frame.ts";

/** A slow game's minutes, a fast game's seconds: longer gaps are for a new scene. */
export const outputsMax = 64;
export const outputBytesMax = 16 * 1024;

/** More than a room can have said since its journal was last on the disk. */
const leapOutputs = 65_536;

export interface OutputValue {
  readonly number: number;
  /** `outputFlags` of the link. */
  readonly flags: number;
  /** The boot of a gate, and the sessions there. */
  readonly to: Record<string, readonly number[]>;
  /** Base64; empty where only a flag is to be told. */
  readonly frame: string;
}

export interface OutboxValue {
  /** The number of the last output. */
  last: number;
  readonly kept: OutputValue[];
  /** The highest output that was let go before a gate had confirmed it. */
  readonly dropped: Record<string, number>;
}

/** An output on its way to one gate. */
export interface Output {
  readonly number: number;
  readonly flags: number;
  readonly sessions: readonly number[];
  readonly frame: Frame;
}

interface Fresh {
  readonly value: OutputValue;
  readonly frame: Frame;
}

export class Outbox {
  readonly #value: OutboxValue;
  #fresh: Fresh[] = [];
  #bytes = 0;

  /** `value` stays the caller's object: it is part of the room's value. */
  constructor(value: OutboxValue) {
    this.#value = value;
    for (const output of value.kept) this.#bytes += output.frame.length;
  }

  /** The number of the last output. */
  get last(): number {
    return this.#value.last;
  }

  get isEmpty(): boolean {
    return this.#value.kept.length === 0;
  }

  put(flags: number, to: Record<string, readonly number[]>, frame: Frame): void {
    this.#value.last += 1;
    const value = { number: this.#value.last, flags, to, frame: frame.toBase64() };
    this.#value.kept.push(value);
    this.#fresh.push({ value, frame });
    this.#bytes += value.frame.length;
  }

  /** Lets the oldest outputs go until the limits hold. Not while a handler runs: what it says may be taken back. */
  bound(): void {
    while (this.#value.kept.length > outputsMax || this.#bytes > outputBytesMax) this.#dropOldest();
  }

  /** Takes back everything after the output with this number, and gives it. */
  cutTo(number: number): OutputValue[] {
    const at = this.#value.kept.findIndex((output) => output.number > number);
    const cut = at === -1 ? [] : this.#value.kept.splice(at);
    for (const output of cut) this.#bytes -= output.frame.length;
    this.#fresh = this.#fresh.filter(({ value }) => value.number <= number);
    this.#value.last = Math.min(this.#value.last, number);
    return cut;
  }

  /** What was put since this was asked last, for each gate it is for. */
  takeFresh(give: (gate: string, output: Output) => void): void {
    const fresh = this.#fresh;
    if (fresh.length === 0) return;
    this.#fresh = [];
    for (const { value, frame } of fresh) {
      for (const gate in value.to) give(gate, outputFor(gate, value, frame));
    }
  }

  /** What `gate` has not been given: everything for it after `number`, but for what will be taken as fresh. */
  since(gate: string, number: number): Output[] {
    const firstFresh = this.#fresh[0]?.value.number ?? Number.POSITIVE_INFINITY;
    const missed = this.unconfirmed(gate, number).filter((value) => value.number < firstFresh);
    return missed.map((value) => outputFor(gate, value, Buffer.from(value.frame, "base64")));
  }

  /** Everything for `gate` after `number`, what will be taken as fresh too. */
  unconfirmed(gate: string, number: number): OutputValue[] {
    return this.#value.kept.filter((value) => value.number > number && value.to[gate] !== undefined);
  }

  /** Whether something for `gate` after `number` was let go. */
  hasDropped(gate: string, number: number): boolean {
    return (this.#value.dropped[gate] ?? 0) > number;
  }

  /** `gate` has everything for it up to `number`. */
  confirm(gate: string, number: number): void {
    const { kept } = this.#value;
    const isOurs = (at: number): boolean => at < kept.length && (kept[at] as OutputValue).number <= number;
    let gone = 0;
    while (isOurs(gone) && isForNobodyBut(gate, kept[gone]?.to)) gone += 1; // most are for one gate
    this.#forgetOldest(gone);
    for (let at = 0; isOurs(at); at++) delete kept[at]?.to[gate];
    this.#trim();
    if ((this.#value.dropped[gate] ?? Number.POSITIVE_INFINITY) <= number) delete this.#value.dropped[gate];
  }

  /** What is kept for `gate` is of no use to it but to these sessions, and what it still asks for is missing. */
  letGo(gate: string, except: ReadonlySet<number>): void {
    for (const { to } of this.#value.kept) {
      const left = to[gate]?.filter((session) => except.has(session)) ?? [];
      if (left.length > 0) to[gate] = left;
      else delete to[gate];
    }
    this.#trim();
    this.#value.dropped[gate] = this.#value.last;
  }

  /** Nobody there waits for anything any more. */
  forget(gate: string): void {
    for (const value of this.#value.kept) delete value.to[gate];
    delete this.#value.dropped[gate];
    this.#trim();
  }

  /** Every gate that something is kept for. */
  get gates(): Set<string> {
    return new Set([...this.#value.kept.flatMap(({ to }) => Object.keys(to)), ...Object.keys(this.#value.dropped)]);
  }

  /** A journal may know less than gates were told (power loss), in as many boots: from now on numbers are above any of theirs. */
  leap(boots: number): void {
    this.#value.last += boots * leapOutputs;
  }

  #dropOldest(): void {
    const oldest = this.#value.kept.shift();
    if (oldest === undefined) return;
    this.#bytes -= oldest.frame.length;
    for (const gate in oldest.to) this.#value.dropped[gate] = oldest.number;
  }

  /** Forgets outputs that everybody has, from the oldest on. */
  #trim(): void {
    const { kept } = this.#value;
    let count = 0;
    while (count < kept.length && isForNobodyBut("", kept[count]?.to)) count += 1;
    this.#forgetOldest(count);
  }

  #forgetOldest(count: number): void {
    if (count === 0) return;
    for (const { frame } of this.#value.kept.splice(0, count)) this.#bytes -= frame.length;
  }
}

export function emptyOutbox(): OutboxValue {
  return { last: 0, kept: [], dropped: {} };
}

function outputFor(gate: string, { number, flags, to }: OutputValue, frame: Frame): Output {
  return { number, flags, sessions: to[gate] ?? [], frame };
}

function isForNobodyBut(gate: string, to: OutputValue["to"] | undefined): boolean {
  for (const other in to) if (other !== gate) return false;
  return true;
}
