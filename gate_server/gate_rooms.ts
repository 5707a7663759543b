/** The lives in which this gate has sessions, by their number and by who plays them. */
import { DisconnectReason } from "#protocol/gen/frame_pb.ts";
import { GateRoom, type GateRoomShare, type KnownLife, type RoomLink } from "./gate_room.ts";

export class GateRooms {
  readonly #share: GateRoomShare;
  readonly #byLife = new Map<string, GateRoom>();
  /** How often somebody spoke of a life as his that was another one's by then. */
  stale = 0;

  constructor(share: Omit<GateRoomShare, "onEnd" | "onStale">) {
    this.#share = { ...share, onEnd: ({ life }) => this.#byLife.delete(life), onStale: () => this.#onStale() };
  }

  get count(): number {
    return this.#byLife.size;
  }

  get heldCount(): number {
    return this.#byLife.values().reduce((count, room) => count + (room.isAttached ? 0 : 1), 0);
  }

  get(life: string): GateRoom | undefined {
    return this.#byLife.get(life);
  }

  /** The room of a session that has just entered; a new one starts after output `last`. */
  open(life: KnownLife, last: number): GateRoom {
    const known = this.#byLife.get(life.life);
    if (known !== undefined) return known;
    const room = new GateRoom(life, last, this.#share);
    this.#byLife.set(life.life, room);
    return room;
  }

  /** Asked once a second: those that nobody is known to play who could be asked, and those whose owner does not answer. */
  get unanswered(): GateRoom[] {
    return [...this.#byLife.values()].filter((room) => room.isUnanswered() || room.isHeld);
  }

  playedBy(owner: string): GateRoom[] {
    return [...this.#byLife.values()].filter((room) => room.owner === owner);
  }

  /** `link` is lost. */
  holdFrom(link: RoomLink): void {
    for (const room of [...this.#byLife.values()]) room.holdFrom(link);
  }

  /** `owner` is gone for good, and its rooms with it. */
  lose(owner: string): void {
    for (const room of this.playedBy(owner)) room.end(DisconnectReason.RETRY);
  }

  /** Rooms that cannot be reached now need not hear who leaves them: the gate is about to go. */
  giveUp(): void {
    for (const room of [...this.#byLife.values()]) if (!room.isAttached) room.giveUp();
  }

  /** Nothing is held any more: the gate goes. */
  stop(): void {
    for (const room of [...this.#byLife.values()]) room.end(DisconnectReason.RETRY);
  }

  #onStale(): void {
    this.stale += 1;
  }
}
