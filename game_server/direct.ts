/**
 * Direct clients: players who come to the game server's own port, in development only. Each
 * is a session like a gate's, seated without a link. Nothing is kept for them: when their
 * room goes to another server they hear Disconnect 0 (ARCHITECTURE §3).
 */
import type { Left, Place, PlaceName, Seating, Session } from "#door/session.ts";
import type { Sessions } from "#door/sessions.ts";
import type { Frame } from "#protocol/frame.ts";
import { DisconnectReason } from "#protocol/gen/frame_pb.ts";
import { Refused } from "#protocol/refusals.ts";
import type { SitRequest } from "#protocol/sit_down.ts";
import type { Exit } from "./exit.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";
import type { Sits } from "./sits.ts";

interface DirectOptions {
  rooms: Rooms;
  sits: Sits;
  /** What stands for a gate's boot in the names of these sessions: this start of this server. */
  boot: string;
  sessions(): Sessions;
}

export class DirectClients implements Seating, Exit {
  readonly gate: string;
  readonly isUp = true;
  readonly confirmsAtOnce = true;
  readonly #options: DirectOptions;
  readonly #seated = new Map<Session, Room>();
  /** What this turn has brought: delivered once every room has said its part, since a session may answer at once. */
  #said: (() => void)[] = [];

  constructor(options: DirectOptions) {
    this.gate = options.boot;
    this.#options = options;
  }

  sit(session: Session, request: SitRequest, number: number): void {
    void this.#sit(session, request, number);
  }

  // Exit: what rooms say.

  output(_life: string, _number: number, flags: number, sessions: readonly number[], frame: Frame): void {
    this.#said.push(() => this.#options.sessions().output(flags, sessions, frame));
  }

  ack(session: number, number: number): void {
    this.#said.push(() => this.#options.sessions().get(session)?.acked(number));
  }

  /** Nobody who is here can be led on: they must sit down again. */
  moved(life: string): void {
    for (const session of this.#sessionsIn(life)) session.placeLost(DisconnectReason.RETRY);
  }

  again(life: string): void {
    for (const session of this.#sessionsIn(life)) session.placeFound(session.lastAcked);
  }

  flush(): void {
    const said = this.#said;
    this.#said = [];
    for (const deliver of said) deliver();
  }

  #sessionsIn(life: string): Session[] {
    return [...this.#seated].filter(([, room]) => room.life === life).map(([session]) => session);
  }

  #enter(session: Session, number: number, room: Room): void {
    this.#seated.set(session, room);
    session.entered(number, new DirectPlace(room, this, this.#options.rooms, () => this.#seated.delete(session)));
  }

  async #sit(session: Session, request: SitRequest, number: number): Promise<void> {
    try {
      const claims = JSON.parse(session.claims) as Record<string, unknown>;
      const sat = await this.#options.sits.sit({ user: session.user, claims, session: session.id, number, exit: this }, request);
      if (sat.is === "seated") this.#enter(session, number, sat.room);
      else if (sat.is === "answered") session.notEntered(number, sat.frame);
      else throw new Refused("inAnotherRoom", { detail: "the room or the user is at another game server" });
    } catch (thrown) {
      session.sitRefused(number, thrown);
    }
  }
}

class DirectPlace implements Place {
  readonly #room: Room;
  readonly #exit: Exit;
  readonly #rooms: Rooms;
  readonly #onGone: () => void;

  constructor(room: Room, exit: Exit, rooms: Rooms, onGone: () => void) {
    this.#room = room;
    this.#exit = exit;
    this.#rooms = rooms;
    this.#onGone = onGone;
  }

  get name(): PlaceName {
    const { game, id: room, life } = this.#room;
    return { game, room, life };
  }

  get isStalled(): boolean {
    return this.#rooms.isStalled;
  }

  input(session: Session, number: number, frame: Frame): void {
    this.#room.input(this.#exit, session.id, number, frame);
  }

  leave(session: Session, number: number, how: Left): void {
    this.#room.leave(this.#exit, session.id, number, how);
  }

  absent(session: Session): void {
    this.#room.absent(this.#exit.gate, session.id);
  }

  gone(): void {
    this.#onGone();
  }
}
