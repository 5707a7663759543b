/**
 * A small model of a dice table: who sits where and how, which phase, who rolled what. It
 * says nothing of frames; it is what PROTOCOL §3 and §4 come to, written a second time.
 */
export interface ModelSeat {
  readonly index: number;
  way: "online" | "offline" | "absent";
  absentSinceMs: number;
}

const gameMs = 30_000;
const idleMs = 5_000;

export class TableModel {
  readonly seats = new Map<number, ModelSeat>();
  phase: "playing" | "idle" | "over" = "playing";
  points = new Map<number, number>();
  readonly #playing: number;
  readonly #watchersMax: number;
  readonly #holdMs: number;
  #nowMs = 0;
  #switchAtMs = gameMs;

  constructor({ playing, watchersMax, holdMs }: { playing: number; watchersMax: number; holdMs: number }) {
    this.#playing = playing;
    this.#watchersMax = watchersMax;
    this.#holdMs = holdMs;
  }

  isWatcher(user: number): boolean {
    return (this.seats.get(user)?.index ?? 0) >= this.#playing;
  }

  sit(user: number, seat: number, watch: boolean): void {
    const kept = this.seats.get(user);
    if (kept !== undefined) kept.way = "online";
    else {
      const index = this.#indexFor(seat, watch);
      if (index !== undefined) this.seats.set(user, { index, way: "online", absentSinceMs: 0 });
    }
  }

  /** Stands up or drops. */
  leave(user: number): void {
    if (this.seats.get(user)?.way === "online") this.#free(user);
  }

  #free(user: number): void {
    const seat = this.seats.get(user);
    if (seat === undefined) return;
    if (this.phase === "playing" && this.points.has(user)) seat.way = "offline";
    else this.seats.delete(user);
  }

  cut(user: number): void {
    const seat = this.seats.get(user);
    if (seat?.way !== "online") return;
    seat.way = "absent";
    seat.absentSinceMs = this.#nowMs;
  }

  roll(user: number, face: number): void {
    const seat = this.seats.get(user);
    const mayRoll = this.phase === "playing" && seat?.way === "online" && !this.isWatcher(user) && !this.points.has(user);
    if (!mayRoll || face < 1 || face > 6) return;
    this.points.set(user, face);
    const players = [...this.seats.keys()].filter((other) => !this.isWatcher(other));
    if (this.points.size >= 2 && players.every((other) => this.points.has(other))) this.#settle();
  }

  advance(ms: number): void {
    const untilMs = this.#nowMs + ms;
    while (this.phase !== "over") {
      const holds = [...this.seats]
        .filter(([, { way }]) => way === "absent")
        .map(([user, seat]) => ({ user, atMs: seat.absentSinceMs + this.#holdMs }));
      const hold = holds.toSorted((a, b) => a.atMs - b.atMs)[0];
      const nextMs = Math.min(this.#switchAtMs, hold?.atMs ?? Number.POSITIVE_INFINITY);
      if (nextMs > untilMs) break;
      this.#nowMs = nextMs;
      if (nextMs === this.#switchAtMs) this.#switch();
      else if (hold !== undefined) this.#free(hold.user);
    }
    this.#nowMs = untilMs;
  }

  dissolve(): void {
    this.phase = "over";
    this.seats.clear();
  }

  #switch(): void {
    if (this.phase === "playing") return this.#settle();
    this.phase = "playing";
    this.points = new Map();
    this.#switchAtMs = this.#nowMs + gameMs;
  }

  #settle(): void {
    this.phase = "idle";
    this.#switchAtMs = this.#nowMs + idleMs;
    for (const [user, { way }] of [...this.seats]) if (way === "offline") this.seats.delete(user);
    if ([...this.seats.keys()].every((user) => this.isWatcher(user))) this.dissolve();
  }

  #indexFor(seat: number, watch: boolean): number | undefined {
    const taken = new Set([...this.seats.values()].map(({ index }) => index));
    const lowest = (from: number, to: number): number | undefined => {
      for (let index = from; index < to; index++) if (!taken.has(index)) return index;
      return undefined;
    };
    const watcher = lowest(this.#playing, this.#playing + this.#watchersMax);
    if (watch) return watcher;
    if (seat >= 0 && seat < this.#playing && !taken.has(seat)) return seat;
    return lowest(0, this.#playing) ?? watcher;
  }
}
