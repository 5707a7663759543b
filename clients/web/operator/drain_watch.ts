/**
 * One drain, room by room: which rooms were there, which have left, and where they are now.
 * It asks whoever leaves, and looks for what has left at the others.
 *
 *     here ──> left ──> moved to another one
 *               └─────> over: nobody plays it (it ended, or was parked)
 */
import type { AdminClient } from "#clients/croupier/admin.ts";
import type { RoomsPageView, RoomView } from "#protocol/admin_views.ts";
import type { Member } from "./member.ts";
import { unlessTrouble } from "./trouble.ts";

/** So many rooms are followed; of more, these stand for all. */
export const followedMax = 200;
/** Rooms looked for at once. */
const searchesMax = 20;
/** A room on its way is nobody's for a moment. */
const searchesInVainMax = 4;

export interface Followed {
  readonly room: RoomView;
  readonly is: "here" | "left" | "moved" | "over";
  /** Whose it is now. */
  readonly at?: string;
}

/** `silent`: it is gone, or out of reach; `gone`: its successor is there. */
export type DrainIs = "under way" | "taken back" | "silent" | "gone";

/** The rooms of a process, as many as are followed. Undefined: it does not say. */
export async function roomsAt(admin: AdminClient, signal?: AbortSignal): Promise<RoomsPageView | undefined> {
  return unlessTrouble(() => admin.ask<RoomsPageView>("GET", `/rooms?limit=${followedMax}`, { signal }), signal);
}

export class DrainWatch {
  readonly from: AdminClient;
  /** What it was called while it was there. */
  readonly name: string;
  /** Which start of the process leaves. */
  readonly startedAtMs: number;
  #is: DrainIs = "under way";
  readonly #followed = new Map<string, Followed>();
  readonly #inVain = new Map<string, number>();

  constructor(from: AdminClient, name: string, startedAtMs: number, rooms: readonly RoomView[]) {
    this.from = from;
    this.name = name;
    this.startedAtMs = startedAtMs;
    for (const room of rooms) this.#followed.set(room.life, { room, is: "here" });
  }

  get is(): DrainIs {
    return this.#is;
  }

  /** By ascending life. */
  get followed(): readonly Followed[] {
    return [...this.#followed.values()];
  }

  /** How many have gone where, by the address of whoever has them. */
  get taken(): ReadonlyMap<string, number> {
    const byTaker = Map.groupBy(this.followed, ({ at }) => at);
    return new Map([...byTaker].flatMap(([at, all]) => (at === undefined ? [] : [[at, all.length]])));
  }

  /** What the process that leaves has said last; undefined: nobody asks it any more. */
  heard(member: Member | undefined): void {
    if (member?.is !== "there") this.#is = "silent";
    else if (member.about.process.startedAtMs !== this.startedAtMs) this.#is = "gone";
    else this.#is = member.about.drain.stage === "serving" ? "taken back" : "under way";
  }

  async look(others: readonly AdminClient[], signal: AbortSignal): Promise<void> {
    if (this.#is === "silent" || this.#is === "gone") this.#allLeft();
    else if (this.#is === "under way" || this.followed.some(({ is }) => is === "left")) await this.#lookHere(signal);
    const searched = this.followed.filter(({ is }) => is === "left").slice(0, searchesMax);
    if (others.length > 0) await Promise.all(searched.map(({ room }) => this.#search(room, others, signal)));
  }

  #allLeft(): void {
    for (const { room, is } of this.followed) if (is === "here") this.#set(room, "left");
  }

  /** Also when the drain was taken back, until all that had left is found: what nobody has taken is here again. */
  async #lookHere(signal: AbortSignal): Promise<void> {
    const page = await roomsAt(this.from, signal);
    if (page !== undefined) this.#compare(page);
  }

  /** A page ends somewhere: what is beyond its end may be there. */
  #compare({ rooms, next }: RoomsPageView): void {
    const here = new Set(rooms.map(({ life }) => life));
    if (this.#followed.size === 0) for (const room of rooms) this.#set(room, "here");
    for (const { room, is } of this.followed) {
      const isHere = here.has(room.life) || (next !== undefined && room.life > next);
      if (isHere && is !== "here") this.#set(room, "here");
      if (!isHere && is === "here") this.#set(room, "left");
    }
  }

  async #search(room: RoomView, others: readonly AdminClient[], signal: AbortSignal): Promise<void> {
    const found = await Promise.all(others.map((admin) => askRoom(admin, room.life, signal)));
    const at = found.findIndex((one) => one !== undefined);
    const [now, taker] = [found[at], others[at]];
    if (now !== undefined && taker !== undefined) {
      this.#followed.set(room.life, { room: now, is: "moved", at: taker.url });
      return;
    }
    const times = (this.#inVain.get(room.life) ?? 0) + 1;
    this.#inVain.set(room.life, times);
    if (times >= searchesInVainMax) this.#set(room, "over");
  }

  #set(room: RoomView, is: Exclude<Followed["is"], "moved">): void {
    if (is === "here") this.#inVain.delete(room.life); // should it leave again, it is looked for anew
    this.#followed.set(room.life, { room, is });
  }
}

function askRoom(admin: AdminClient, life: string, signal: AbortSignal): Promise<RoomView | undefined> {
  return unlessTrouble(() => admin.ask<RoomView>("GET", `/rooms/${life}`, { signal }), signal);
}
