/** What goes on in the fleet, look by look: the changes of a rollout, and each drain that is under way or just over. */
import { RolloutWatch } from "#clients/croupier/rollout_watch.ts";
import type { RoomView } from "#protocol/admin_views.ts";
import { DrainWatch, roomsAt } from "./drain_watch.ts";
import { nameOf } from "./fleet.ts";
import { dealsRooms, isThere, type Member, type MemberThere } from "./member.ts";

/** Changes that are kept. */
const changesMax = 200;
/** Rooms of servers that have more than so many are not remembered beforehand: a look at them costs. */
const rememberedMax = 1000;

export interface Change {
  readonly id: number;
  readonly at: Date;
  readonly line: string;
}

export class Watches {
  readonly #rollout = new RolloutWatch(undefined);
  /** By the address of whoever leaves. */
  readonly #drains = new Map<string, DrainWatch>();
  readonly #remembered = new Map<string, readonly RoomView[]>();
  #changes: readonly Change[] = [];
  #left: readonly string[] = [];
  #lines = 0;

  /** The newest first. */
  get changes(): readonly Change[] {
    return this.#changes;
  }

  /** What keeps the fleet from being of one release, in service and whole. */
  get left(): readonly string[] {
    return this.#left;
  }

  get drains(): readonly DrainWatch[] {
    return [...this.#drains.values()];
  }

  look(members: readonly Member[], nowMs: number): void {
    const servers = members.filter(isThere).find(({ about }) => about.servers !== undefined)?.about.servers;
    if (servers !== undefined) {
      const { lines, left } = this.#rollout.look(servers, nowMs);
      const changes = lines.map((line) => ({ id: this.#lines++, at: new Date(), line }));
      this.#changes = [...changes.toReversed(), ...this.#changes].slice(0, changesMax);
      this.#left = left;
    }
    for (const member of members.filter(isThere)) if (isUnderWay(member)) this.#follow(member, nameOf(member, members));
    for (const watch of this.drains) watch.heard(members.find(({ admin }) => admin.url === watch.from.url));
  }

  /** So that a drain that is over in a second can be shown, too. */
  async remember(members: readonly Member[], signal: AbortSignal): Promise<void> {
    const small = members
      .filter(isThere)
      .filter((member) => dealsRooms(member) && !isUnderWay(member) && member.about.drain.rooms <= rememberedMax);
    await Promise.all(small.map(({ admin }) => this.#remember(admin, signal)));
  }

  /** Somebody starts a drain here, by `start`: it may be over before anybody looks again. */
  async begin(member: MemberThere, name: string, start: () => Promise<unknown>): Promise<void> {
    if (dealsRooms(member)) await this.#remember(member.admin, undefined);
    await start();
    this.#add(member, name);
  }

  forget({ from }: DrainWatch): void {
    this.#drains.delete(from.url);
  }

  async #remember(admin: Member["admin"], signal: AbortSignal | undefined): Promise<void> {
    const page = await roomsAt(admin, signal);
    if (page !== undefined) this.#remembered.set(admin.url, page.rooms);
  }

  #follow({ admin, about }: MemberThere, name: string): void {
    const { startedAtMs } = about.process;
    const known = this.#drains.get(admin.url);
    if (known?.startedAtMs !== startedAtMs || known.is !== "under way") this.#add({ admin, about }, name);
  }

  #add({ admin, about }: Pick<MemberThere, "admin" | "about">, name: string): void {
    const { startedAtMs } = about.process;
    this.#drains.set(admin.url, new DrainWatch(admin, name, startedAtMs, this.#remembered.get(admin.url) ?? []));
  }
}

export function isUnderWay({ about }: MemberThere): boolean {
  const { stage } = about.drain;
  return stage === "draining" || stage === "dissolving";
}
