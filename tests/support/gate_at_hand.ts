/**
 * A gate without any link: users come and speak through it by a call, it is lost and comes back by a call, and it writes
 * down what each of its sessions hears. Several of them may lead to one room at hand, whose own exit stays unused.
 */
import type { Exit } from "#game_server/exit.ts";
import type { Output } from "#game_server/outbox.ts";
import type { Attached, Entered, Room } from "#game_server/room.ts";
import { encode, type Frame } from "#protocol/frame.ts";
import { Command as DiceCommand } from "#protocol/gen/dice_pb.ts";
import { Int32Schema } from "#protocol/gen/frame_pb.ts";
import { outputFlags } from "#protocol/link.ts";
import { readable } from "./readable.ts";

/** What leads to the room as it is now: a restart makes another one. */
interface Table {
  readonly room: Room;
}

interface GateSession {
  readonly session: number;
  readonly user: number;
  /** The last input given. */
  number: number;
}

let lastSession = 0;

export class GateAtHand implements Exit {
  readonly gate: string;
  readonly isUp = true;
  readonly confirmsAtOnce = false;
  /** The last output passed on. */
  last = 0;
  /** Inputs acknowledged, by session. */
  readonly acked = new Map<number, number>();
  /** Numbers of the outputs that came, in order, those that were passed on before too. */
  readonly outputs: number[] = [];
  readonly #table: Table;
  readonly #sessions = new Map<number, GateSession>();
  readonly #heard = new Map<number, string[]>();
  /** Sessions that an output has sent out. */
  readonly #ended = new Set<number>();

  constructor(table: Table, gate: string) {
    this.#table = table;
    this.gate = gate;
  }

  /** `user` sits down with a new session; gives the session. */
  sit(user: number): number {
    const session = ++lastSession;
    this.#sessions.set(user, { session, user, number: 1 });
    this.sitWith(session, user, 1);
    this.turn();
    return session;
  }

  /** One sit of a session, which may have been sent before; what the room says at the end of the turn waits. */
  sitWith(session: number, user: number, number: number): Entered {
    this.#sessions.set(user, { session, user, number });
    return this.#table.room.arrive({ user, claims: {}, session, number, exit: this }, -1, false);
  }

  shake(user: number, face = 0): void {
    const seated = this.#of(user);
    seated.number += 1;
    this.shakeAs(user, seated.number, face);
  }

  /** An input with a number of its own. */
  shakeAs(user: number, number: number, face = 0): boolean {
    return this.sendAs(user, number, encode(DiceCommand.SHAKE, Int32Schema, { v: face }));
  }

  sendAs(user: number, number: number, bytes: Frame): boolean {
    const applied = this.#table.room.input(this, this.#of(user).session, number, bytes);
    this.turn();
    return applied;
  }

  leave(user: number, how: "stand" | "drop", number = this.#of(user).number + 1): boolean {
    this.#of(user).number = number;
    const applied = this.#table.room.leave(this, this.#of(user).session, number, how);
    this.turn();
    return applied;
  }

  /** The link to this gate is lost. */
  lose(): void {
    this.#table.room.detach(this);
    this.turn();
  }

  /** It is back, and believes that these users sit here, with this much acknowledged. */
  attach(users: readonly number[], acked = 0): Attached {
    const attached = this.attachQuietly(users, acked);
    this.take(attached.missed);
    this.turn();
    return attached;
  }

  /** As `attach`, but nothing is passed on yet. */
  attachQuietly(users: readonly number[], acked = 0): Attached {
    const claimants = users.map((user) => ({ user, session: this.#of(user).session, acked }));
    return this.#table.room.attach(this, this.last, claimants);
  }

  /** Outputs that are given again. */
  take(outputs: readonly Output[]): void {
    for (const { number, flags, sessions, frame } of outputs) this.output("", number, flags, sessions, frame);
  }

  confirm(number = this.last): void {
    this.#table.room.confirm(this.gate, number);
  }

  /** The turn ends: what the room had to say leaves, for every gate. */
  turn(): void {
    this.#table.room.release(
      (exit, { number, flags, sessions, frame }) => exit.output(this.#table.room.life, number, flags, sessions, frame),
      (exit, session, number) => exit.ack(session, number),
    );
  }

  /** What `user`'s newest session has heard since it was asked last. */
  heard(user: number): string[] {
    return this.heardBy(this.session(user));
  }

  heardBy(session: number): string[] {
    const lines = this.#heard.get(session) ?? [];
    this.#heard.delete(session);
    return lines;
  }

  isOut(session: number): boolean {
    return this.#ended.has(session);
  }

  session(user: number): number {
    return this.#of(user).session;
  }

  /** Forgets everything that came so far. */
  hush(): void {
    this.#heard.clear();
    this.outputs.length = 0;
  }

  #of(user: number): GateSession {
    const seated = this.#sessions.get(user);
    if (seated === undefined) throw new Error(`user ${user} never sat`);
    return seated;
  }

  // Exit

  /** As a gate does: what was passed on before is not passed on again. */
  output(_life: string, number: number, flags: number, sessions: readonly number[], bytes: Frame): void {
    this.outputs.push(number);
    if (number <= this.last) return;
    this.last = number;
    for (const session of sessions) {
      this.#heard.set(session, [...(this.#heard.get(session) ?? []), readable(bytes)]);
      if (flags & outputFlags.ends) this.#ended.add(session);
    }
  }

  ack(session: number, number: number): void {
    this.acked.set(session, number);
  }

  moved(): void {}

  again(): void {}

  flush(): void {}
}
