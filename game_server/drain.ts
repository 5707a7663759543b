/**
 * How a game server drains: what becomes of its rooms, and what players are told meanwhile.
 * When a drain begins, ends or is taken back is the lifecycle's business (runtime/lifecycle.ts).
 *
 *     DRAIN=move ──nobody takes a room──> park ──PARK off, or no journal──> wait
 *
 *     move: rooms go one after another, those that are still here play on and hear a notice every
 *           few seconds; undo keeps them
 *     park: one notice, one last turn, and the rooms are frozen; too late for undo
 *     wait: rooms play on and hear a notice every few seconds; undo takes it back. A room that could
 *           not be moved is offered again meanwhile
 */
import type { Frame } from "#protocol/frame.ts";
import { type Notice, Notice_Action, Notice_Reason } from "#protocol/gen/frame_pb.ts";
import { noticeFrame } from "#protocol/system_frames.ts";
import type { Clock, Timer } from "#runtime/clock.ts";
import type { DrainKind } from "#runtime/process_views.ts";
import type { Settings } from "#runtime/settings.ts";
import type { Mover } from "./mover.ts";
import type { Room } from "./room.ts";
import type { Rooms } from "./rooms.ts";

/** What the first signal may do with rooms, in the order in which it is tried. */
const kinds = ["move", "park", "wait"] as const satisfies readonly DrainKind[];

type RoomDrainKind = (typeof kinds)[number];

/** What players read in a room that will be dissolved, `seconds` from now; undefined: nobody knows when. */
const dissolveTexts: Readonly<Record<Settings["noticeLanguage"], (seconds: number | undefined) => string>> = {
  en: (seconds) =>
    `this room will be dissolved by the system${seconds === undefined ? "" : ` in ${seconds} s`}, please end it and open a new one`,
  zh: (seconds) => `${seconds === undefined ? "系统即将" : `系统将在 ${seconds} 秒后`}解散本房间，请尽快结束本局，并重新开房`,
};

/** Rooms that hear a notice in one turn: each of them is written down with it, which takes 20 µs. */
const roomsPerTurn = 500;
/** The next ones hear it so much later: 50 000 rooms within 2 s. */
const betweenTurnsMs = 20;

interface DrainOptions {
  settings: Pick<Settings, "drain" | "noticeEveryMs" | "noticeLanguage">;
  clock: Clock;
  rooms: Pick<Rooms, "all" | "drain" | "undoDrain" | "park">;
  /** Whether a successor on the same journal is promised. */
  mayPark: boolean;
  /** Left out: there never will be other servers. */
  mover: Pick<Mover, "begin" | "stop"> | undefined;
  /** Milliseconds until the drain deadline; undefined = never. */
  leftMs(): number | undefined;
  /** What becomes of the rooms is not what it was. */
  onKind(): void;
}

type Stage =
  | { readonly is: "none" }
  /** Whoever may take rooms is asked: none has gone yet. */
  | { readonly is: "looking"; readonly kind: "move"; readonly notices: Timer | undefined }
  | { readonly is: "under way"; readonly kind: RoomDrainKind; readonly notices: Timer | undefined };

export class Drain {
  readonly #options: DrainOptions;
  #stage: Stage = { is: "none" };
  /** A notice that some rooms have not heard yet. */
  #telling: Timer | undefined;

  constructor(options: DrainOptions) {
    this.#options = options;
  }

  /** What the drain under way does, or what one would do that began now. */
  get kind(): RoomDrainKind {
    if (this.#stage.is !== "none") return this.#stage.kind;
    const tried = kinds.slice(kinds.indexOf(this.#options.settings.drain));
    return tried.find((kind) => this.#isPossible(kind)) ?? "wait";
  }

  /** Rooms should move, and nobody takes what is left: it waits. */
  get isStuck(): boolean {
    const { settings, mover } = this.#options;
    return this.#stage.is !== "none" && this.kind === "wait" && settings.drain === "move" && mover !== undefined;
  }

  begin(): void {
    this.#options.rooms.drain();
    this.#enter(this.kind);
  }

  /** False: the rooms are frozen, or about to be. */
  undo(): boolean {
    if (this.kind === "park" && this.#stage.is !== "none") return false;
    this.stop();
    this.#stage = { is: "none" };
    this.#options.rooms.undoDrain();
    return true;
  }

  /** Freezes what is left. False: nobody has promised a successor. */
  park(): boolean {
    if (!this.#options.mayPark) return false;
    if (this.kind !== "park" || this.#stage.is === "none") this.#enter("park");
    return true;
  }

  /** What is left ends; before anybody was found who takes rooms, they are parked if a successor is promised. */
  dissolve(): void {
    if (this.#stage.is === "looking" && this.#isPossible("park")) this.#enter("park");
    else this.stop();
  }

  /** Nobody is told any more, and no room begins to go. */
  stop(): void {
    this.#options.mover?.stop();
    this.#hush();
  }

  #hush(): void {
    if (this.#stage.is !== "none") this.#stage.notices?.cancel();
    this.#telling?.cancel();
  }

  #isPossible(kind: RoomDrainKind): boolean {
    const { mayPark, mover } = this.#options;
    if (kind === "move") return mover !== undefined;
    return kind === "wait" || mayPark;
  }

  #enter(kind: RoomDrainKind): void {
    this.stop();
    this.#turnTo(kind);
    if (kind === "move") {
      const onStuck = (): void => {
        if (this.kind === "move") this.#moverOnStuck();
      };
      this.#options.mover?.begin({ onBegun: () => this.#moverOnBegun(), onStuck });
    }
    if (kind === "park") this.#options.rooms.park();
  }

  /** The first rooms go. What is said of every later look is in the notices. */
  #moverOnBegun(): void {
    if (this.#stage.is !== "looking") return;
    this.#stage = { ...this.#stage, is: "under way" };
    this.#tell("move");
  }

  /** Nobody takes what is left: it is parked, or waits, and is offered again meanwhile. */
  #moverOnStuck(): void {
    if (this.#isPossible("park")) this.#enter("park");
    else this.#turnTo("wait");
  }

  #turnTo(kind: RoomDrainKind): void {
    const { clock, settings } = this.#options;
    this.#hush();
    const everyMs = kind === "park" ? 0 : settings.noticeEveryMs;
    const notices = everyMs === 0 ? undefined : clock.every(everyMs, () => this.#tell(kind));
    this.#stage = kind === "move" ? { is: "looking", kind, notices } : { is: "under way", kind, notices };
    if (kind !== "move") this.#tell(kind);
    this.#options.onKind();
  }

  #tell(kind: RoomDrainKind): void {
    if (this.#options.settings.noticeEveryMs === 0) return;
    const leftMs = this.#options.leftMs();
    const frame = noticeFrame({ deadlineMs: kind === "park" ? 0 : (leftMs ?? 0), ...this.#saying(kind, leftMs) });
    const rooms = [...this.#options.rooms.all()];
    this.#tellFrom(0, kind === "park" ? rooms.length : roomsPerTurn, rooms, frame); // rooms that are parked hear nothing later
  }

  #tellFrom(from: number, count: number, rooms: readonly Room[], frame: Frame): void {
    this.#telling?.cancel();
    const to = from + count;
    for (const room of rooms.slice(from, to)) room.tellAll(frame);
    if (to < rooms.length) this.#telling = this.#options.clock.after(betweenTurnsMs, () => this.#tellFrom(to, count, rooms, frame));
  }

  #saying(kind: RoomDrainKind, leftMs: number | undefined): Pick<Notice, "reason" | "action" | "text"> {
    if (kind !== "wait") return { reason: Notice_Reason.MOVE, action: Notice_Action.NOTHING, text: "" };
    const seconds = leftMs === undefined ? undefined : Math.ceil(leftMs / 1000);
    const text = dissolveTexts[this.#options.settings.noticeLanguage](seconds);
    return { reason: Notice_Reason.DRAIN, action: Notice_Action.FINISH, text };
  }
}
