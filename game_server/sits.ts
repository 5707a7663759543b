/**
 * The road into a room: which room a sit leads to, and the claims that keep a name to one
 * life and a user to one room in the fleet. A sit that fails leaves nothing behind.
 *
 *     sit ──> a seat here already? ──yes──> come back to it
 *              │ no
 *              v
 *     find the room, or mint a life ──> claim name and user in the directory ──> open, sit down
 *              ^                              │
 *              └── the claim was void ────────┤ another server's: "elsewhere", the gate asks again
 */
import type { Claim, DirectoryForServers, Life } from "#fleet/directory.ts";
import type { Frame } from "#protocol/frame.ts";
import { DisconnectReason } from "#protocol/gen/frame_pb.ts";
import { Refused } from "#protocol/refusals.ts";
import type { SitRequest } from "#protocol/sit_down.ts";
import { disconnectFrame, printFrame } from "#protocol/system_frames.ts";
import { within } from "#runtime/clock.ts";
import type { Game } from "./game.ts";
import type { Entered, Room, Visitor } from "./room.ts";
import type { Rooms } from "./rooms.ts";

/** Void claims and lost races are retried so often, then the client is told to try again. */
const attemptsMax = 4;
/** A sit waits so long for a room that is being given away: less than its gate waits for the answer. */
const meltWaitMs = 3000;

/** How a sit ended when it was not refused. */
export type Sat =
  /** In this room; its outputs follow at the end of the turn. */
  | { readonly is: "seated"; readonly room: Room; readonly entered: Entered }
  /** Not seated, and this is the answer. */
  | { readonly is: "answered"; readonly frame: Frame }
  /** The directory names another server for the room or the user. */
  | { readonly is: "elsewhere" };

/** What led a sit to this server. */
interface Led {
  /** The life here in which the directory says the user sits, or "". */
  readonly claimed?: string;
  /** The directory could not say: he comes back to a seat that he has here, or is led elsewhere. */
  readonly isSeatOnly?: boolean;
}

interface SitsOptions {
  rooms: Rooms;
  directory: DirectoryForServers;
  games: ReadonlyMap<string, Game<unknown>>;
  /** Resolves when it is known whether a life that was offered to this server is its own; undefined: none was. */
  whenSettled(life: string): Promise<void> | undefined;
  /** A sit is over. */
  onChange(): void;
}

export class Sits {
  readonly #options: SitsOptions;
  /** Sits of one user wait for each other, and so do openings of one name. */
  readonly #queues = new Map<string, Promise<unknown>>();
  #underWay = 0;

  constructor(options: SitsOptions) {
    this.#options = options;
  }

  /** Sits that may still open a room. */
  get underWay(): number {
    return this.#underWay;
  }

  /** @throws {Refused} */
  async sit(visitor: Visitor, request: SitRequest, { claimed = "", isSeatOnly = false }: Led = {}): Promise<Sat> {
    this.#underWay += 1;
    try {
      return await this.#queued(`user ${visitor.user}`, () => this.#sit(visitor, request, { claimed, isSeatOnly }));
    } finally {
      this.#underWay -= 1;
      this.#options.onChange();
    }
  }

  /** A claim was granted after the sit had given it up: nobody came of it. */
  releaseLate(life: Life, user: number): void {
    const { rooms, directory } = this.#options;
    if (rooms.alive(life.life) === undefined) directory.end(life);
    else if (rooms.placeOf(user)?.life !== life.life) directory.release(life.life, user);
  }

  async #sit(visitor: Visitor, request: SitRequest, { claimed, isSeatOnly }: Required<Led>): Promise<Sat> {
    const { rooms, games } = this.#options;
    const place = rooms.placeOf(visitor.user);
    if (isSeatOnly && place === undefined) return { is: "elsewhere" };
    this.#refuseWhileStalled();
    if (request.print) return { is: "answered", frame: this.#printServer() };
    if (place?.isFrozen) return this.#afterwards(place);
    if (place !== undefined) return this.#seat(place, visitor, request);
    if (claimed !== "") {
      // He does not sit there: the claim that led him here is void, and may not keep him from where he asks to go.
      if (!(await this.#isUnsettled(claimed))) this.#options.directory.release(claimed, visitor.user);
      return { is: "elsewhere" };
    }
    const game = games.get(request.game);
    if (game === undefined) throw new Refused("unknownGame");
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const sat = await this.#trySit(visitor, game, request);
      if (sat !== "again") return sat;
    }
    throw new Refused("tryAgain", { detail: "the directory does not settle" });
  }

  async #trySit(visitor: Visitor, game: Game<unknown>, request: SitRequest): Promise<Sat | "again"> {
    const room = this.#find(request);
    if (room !== undefined) return this.#join(room, visitor, request);
    const id = request.room ?? this.#options.rooms.newId();
    this.#options.rooms.refuseUnreadable(game.name, id);
    if (request.mode === "join") throw new Refused("noSuchRoom");
    return this.#queued(`room ${game.name}/${id}`, () => this.#open(game, id, visitor, request));
  }

  /** The room a sit asks for, if it is here. */
  #find({ game, room, mode, options, watch }: SitRequest): Room | undefined {
    const { rooms } = this.#options;
    if (room === undefined) return mode === "create" ? undefined : rooms.match(game, options, watch);
    const found = rooms.named(game, room);
    if (found !== undefined && mode === "create") throw new Refused("notAllowed", { detail: "the room exists" });
    return found;
  }

  async #join(room: Room, visitor: Visitor, request: SitRequest): Promise<Sat | "again"> {
    if (room.isFrozen) return this.#afterwards(room);
    if (!room.hasRoomFor(request.seat, request.watch)) throw new Refused("roomFull");
    const claim = await this.#claim(room.ownership, visitor);
    if (claim.is !== "claimed") return this.#unclaimed(claim, visitor.user);
    if (room.isOver) return { is: "answered", frame: disconnectFrame(DisconnectReason.RETRY) };
    if (!room.isPlayed) return this.#afterwards(room);
    return this.#seat(room, visitor, request);
  }

  /** Whether the directory may name us as the owner of a life that is not ours to speak for; waits a little for one that is on its way. */
  async #isUnsettled(life: string): Promise<boolean> {
    const { rooms, whenSettled } = this.#options;
    const settled = whenSettled(life);
    if (settled !== undefined) await within(rooms.clock, meltWaitMs, settled);
    return settled !== undefined || (rooms.gone(life)?.to ?? "") !== "";
  }

  /** The room is being given away: the gate asks the directory again when that is settled. */
  async #afterwards(room: Room): Promise<Sat> {
    await within(this.#options.rooms.clock, meltWaitMs, room.melted);
    if (room.isFrozen) throw new Refused("tryAgain", { detail: "the room is on its way to another game server" });
    return { is: "elsewhere" };
  }

  async #open(game: Game<unknown>, id: string, visitor: Visitor, request: SitRequest): Promise<Sat | "again"> {
    const { rooms } = this.#options;
    if (rooms.named(game.name, id) !== undefined) return "again"; // opened while this sit waited its turn
    rooms.refuseToOpen();
    const life = rooms.mint(game, id);
    const claim = await this.#claim(life, visitor);
    if (claim.is !== "claimed") return this.#unclaimed(claim, visitor.user);
    const room = this.#openRoom(life, game, request.options);
    try {
      return this.#seat(room, visitor, request);
    } catch (thrown) {
      room.dissolve("nobody could sit down");
      throw thrown;
    }
  }

  /** A gate that is lost asks again when it is back; what it asked for is not claimed without it. */
  #claim(life: Life, visitor: Visitor): Promise<Claim> {
    if (!visitor.exit.isUp) throw new Refused("tryAgain", { detail: "the link to the gate was lost" });
    return this.#options.directory.claim(life, visitor.user);
  }

  #openRoom(life: Life, game: Game<unknown>, options: string): Room {
    try {
      this.#options.rooms.refuseToOpen(); // a drain may have begun since
      return this.#options.rooms.open(life, game, options);
    } catch (thrown) {
      this.#options.directory.end(life);
      throw thrown;
    }
  }

  /**
   * The directory has another life for the name or the user. One of ours that is no more is
   * void: it is taken out and the sit starts again.
   */
  async #unclaimed(claim: Exclude<Claim, { is: "claimed" }>, user: number): Promise<Sat | "again"> {
    const { rooms, directory } = this.#options;
    const { holder } = claim;
    const isVoid =
      rooms.owns(holder) &&
      (claim.is === "user elsewhere" || rooms.alive(holder.life) === undefined) &&
      !(await this.#isUnsettled(holder.life));
    if (!isVoid) return { is: "elsewhere" };
    if (claim.is === "user elsewhere") directory.release(holder.life, user);
    else directory.end(holder);
    return "again";
  }

  #seat(room: Room, visitor: Visitor, request: SitRequest): Sat {
    try {
      // A gate that was lost while the directory was asked asks again when it is back.
      if (!visitor.exit.isUp) throw new Refused("tryAgain", { detail: "the link to the gate was lost" });
      this.#refuseWhileStalled();
      return { is: "seated", room, entered: this.#options.rooms.seat(room, visitor, request) };
    } catch (thrown) {
      if (this.#options.rooms.placeOf(visitor.user) !== room) this.#options.directory.release(room.life, visitor.user);
      throw thrown;
    }
  }

  #refuseWhileStalled(): void {
    if (this.#options.rooms.isStalled) throw new Refused("tryAgain", { detail: "the journal has no space" });
  }

  #printServer(): Frame {
    const { rooms } = this.#options;
    if (!rooms.development) throw new Refused("notAllowed", { detail: "Print is for development" });
    return printFrame(rooms.printServer());
  }

  /** Runs `act` when everything queued under `key` before it is done. */
  async #queued<Result>(key: string, act: () => Promise<Result>): Promise<Result> {
    const before = this.#queues.get(key);
    const mine = before === undefined ? act() : before.then(act, act);
    this.#queues.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#queues.get(key) === mine) this.#queues.delete(key);
    }
  }
}
