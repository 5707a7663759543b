/**
 * Direct clients: players who come to the game server's own port, in development only. Each
 * is a session like a gate's, seated without a link. Nothing is kept for them: when their
 * room goes to another server they hear Disconnect 0 (ARCHITECTURE §3).
 */
import type { DoorCounts } from "#door/counts.ts";
import type { Left, Place, Seating, Session } from "#door/session.ts";
import type { Sessions } from "#door/sessions.ts";
import type { Frame } from "#protocol/frame.ts";
import { Refused, toRefused } from "#protocol/refusals.ts";
import type { SitRequest } from "#protocol/sit_down.ts";
import { errorFrame } from "#protocol/system_frames.ts";
import type { Exit, SessionHandle } from "./exit.ts";
import type { Room } from "./room.ts";
import type { Sits } from "./sits.ts";

interface DirectOptions {
  sits: Sits;
  counts: DoorCounts;
  /** This boot of the server: direct sessions are named by it as others by their gate's. */
  boot: string;
  development: boolean;
  sessions(): Sessions;
}

export class DirectClients implements Seating, Exit {
  readonly #options: DirectOptions;

  constructor(options: DirectOptions) {
    this.#options = options;
  }

  sit(session: Session, request: SitRequest, number: number): void {
    void this.#sit(session, request, number);
  }

  // Exit: what rooms say. Sockets send by themselves at the end of the turn.

  output(flags: number, sessions: readonly number[], frame: Frame): void {
    this.#options.sessions().output(flags, sessions, frame);
  }

  ack(session: number, number: number): void {
    this.#options.sessions().get(session)?.acked(number);
  }

  flush(): void {}

  async #sit(session: Session, request: SitRequest, number: number): Promise<void> {
    const handle: SessionHandle = { key: `${this.#options.boot}-${session.id}`, exit: this, id: session.id };
    try {
      const visitor = { user: session.user, claims: JSON.parse(session.claims) as Record<string, unknown>, session: handle, number };
      const sat = await this.#options.sits.sit(visitor, request);
      if (sat.is === "seated") session.entered(new DirectPlace(sat.room, handle));
      else if (sat.is === "answered") session.notEntered(sat.frame);
      else throw new Refused("inAnotherRoom", { detail: "the room or the user is at another game server" });
    } catch (thrown) {
      const refused = toRefused(thrown);
      this.#options.counts.refusals.add(refused.refusal.code);
      session.notEntered(errorFrame(refused, this.#options.development));
      if (refused.refusal.strike) session.strike();
    }
  }
}

class DirectPlace implements Place {
  readonly #room: Room;
  readonly #handle: SessionHandle;

  constructor(room: Room, handle: SessionHandle) {
    this.#room = room;
    this.#handle = handle;
  }

  input(_session: Session, number: number, frame: Frame): void {
    this.#room.input(this.#handle, number, frame);
  }

  leave(_session: Session, number: number, how: Left): void {
    this.#room.leave(this.#handle, number, how);
  }

  absent(): void {
    this.#room.absent(this.#handle);
  }
}
