/**
 * Finds a sit its place: asks the directory who has the user and the room, picks a server
 * when nobody has (ARCHITECTURE §4), and sends the sit there. The server decides; when it says
 * that the directory knows better, the road starts again.
 */
import type { Seating, Session } from "#door/session.ts";
import type { DirectoryForGates } from "#fleet/directory.ts";
import type { Fleet } from "#fleet/fleet.ts";
import { Refused } from "#protocol/refusals.ts";
import type { SitRequest } from "#protocol/sit_down.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Links } from "./links.ts";
import type { ServerLink } from "./server_link.ts";

/** Two servers that point at each other are asked so often, then the client is told to try again. */
const roundsMax = 4;
/** How long a sit waits for the link to an owner that is silent, or for any server at all. */
const serverWaitMs = 3000;

interface SeatingOptions {
  clock: Clock;
  fleet: Fleet;
  links: Links;
  directory: DirectoryForGates;
}

type Choice =
  | { readonly is: "known"; readonly link: ServerLink; readonly place: string }
  /** The directory is away, or still learning. */
  | { readonly is: "unknown"; readonly why: unknown };

export class GateSeating implements Seating {
  readonly #options: SeatingOptions;

  constructor(options: SeatingOptions) {
    this.#options = options;
  }

  sit(session: Session, request: SitRequest, number: number): void {
    void this.#sit(session, request, number);
  }

  async #sit(session: Session, request: SitRequest, number: number): Promise<void> {
    try {
      await this.#place(session, request, number);
    } catch (thrown) {
      session.sitRefused(number, thrown);
    }
  }

  async #place(session: Session, request: SitRequest, number: number): Promise<void> {
    if (!this.isKnown(request.game))
      throw this.#options.fleet.isKnown ? new Refused("unknownGame") : new Refused("tryAgain", { detail: "no game server is known yet" });
    for (let round = 0; round < roundsMax; round++) {
      const choice = await this.#choose(session.user, request);
      if (choice.is === "unknown" && (await this.#comeBack(session, request, number))) return;
      if (choice.is === "unknown") throw choice.why;
      if ((await choice.link.sit(session, request, number, { place: choice.place })) === "told") return;
    }
    throw new Refused("tryAgain", { detail: "the directory does not settle" });
  }

  /** Whoever has the user or the room, or else a server that may open it; waits a little for one that is silent. */
  async #choose(user: number, request: SitRequest): Promise<Choice> {
    const { links, directory, clock } = this.#options;
    const deadlineMs = clock.now() + serverWaitMs;
    for (;;) {
      const found = await directory.find(user, request.game, request.room).catch((why: unknown) => ({ why }));
      if ("why" in found) return { is: "unknown", why: found.why };
      const { place, room } = found;
      const owner = (place ?? room)?.owner;
      const link = owner === undefined ? this.#pick(request) : links.to(owner);
      if (link !== undefined) return { is: "known", link, place: place?.life ?? "" };
      const leftMs = deadlineMs - clock.now();
      if (leftMs <= 0)
        throw new Refused("tryAgain", {
          detail: owner === undefined ? "no game server deals this game now" : "the room's game server is silent",
        });
      await links.change(leftMs);
    }
  }

  /** The directory cannot say where the user sits, but a server where he has a seat can (P8). False: nobody has one for him. */
  async #comeBack(session: Session, request: SitRequest, number: number): Promise<boolean> {
    for (const link of [...this.#options.links.all()]) {
      if ((await link.sit(session, request, number, { seatOnly: true })) === "told") return true;
    }
    return false;
  }

  /** Nobody has the user or the room: any server may open it. Undefined: no server deals the game now. */
  #pick({ game, room, mode, options, print }: SitRequest): ServerLink | undefined {
    const { links } = this.#options;
    const matches = room === undefined && mode !== "create";
    const link = (matches ? links.forMatch(game, options) : undefined) ?? links.forNewRoom(game);
    if (link !== undefined) return link;
    const draining = links.anyFor(game);
    if (draining !== undefined && !print) throw new Refused("draining");
    return draining;
  }

  /** P9: the name is looked up in lists, of the fleet and of the servers that have proved themselves. */
  isKnown(game: string): boolean {
    const { fleet, links } = this.#options;
    return fleet.games.has(game) || links.anyFor(game) !== undefined;
  }
}
