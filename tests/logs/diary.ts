/** What a player has done and heard, in his own words: the evening as he would tell it, for the log to be compared with. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Entrance } from "#tests/support/entrance.ts";
import { Player } from "#tests/support/player.ts";
import { readable } from "#tests/support/readable.ts";
import type { Hit } from "./elastic.ts";

/** Lines of two processes are told apart by their milliseconds. */
const breathMs = 15;
/** A dice game of somebody else's turn, and the pause after it. */
const startsWithinMs = 40_000;

export class Diary {
  readonly user: number;
  readonly entries: string[] = [];
  /** What he has heard. */
  readonly heard: string[] = [];
  #player: Player | undefined;

  constructor(user: number) {
    this.user = user;
  }

  get player(): Player {
    if (this.#player === undefined) throw new Error(`${this.user} is not in`);
    return this.#player;
  }

  async comesIn(entrance: Entrance): Promise<void> {
    const player = await Player.connect(entrance, this.user);
    this.#player = player;
    this.entries.push("comes in");
    player.socket.on("message", (data: Buffer) => this.isTold(readable(data)));
    void player.closed.then(({ code }) => this.entries.push(`closed ${code}`));
    await sleep(breathMs);
  }

  async sits(room: string): Promise<void> {
    this.player.sit({ room_id: room });
    await this.player.hearUntil("Scene");
    await sleep(breathMs);
  }

  /** Rolls, and hears that. */
  async rolls(face: number): Promise<void> {
    this.player.shake(face);
    await this.player.hearUntil(`Shake ${this.user} ${face}`);
  }

  /** Rolls, whatever comes of it. */
  async shakes(): Promise<void> {
    this.player.shake();
    await this.player.hearUntil(`Shake ${this.user} `);
  }

  async hears(start: string): Promise<void> {
    await until(this.player, start);
    await sleep(breathMs);
  }

  /** Says what is answered with a refusal. */
  async isRefused(say: (player: Player) => void): Promise<void> {
    say(this.player);
    await this.player.hearUntil("Error");
    await sleep(breathMs);
  }

  /** The connection breaks; who has rolled keeps his seat. */
  async drops(): Promise<void> {
    this.player.drop();
    await this.player.closed;
    this.entries.push("drops");
    await sleep(breathMs);
  }

  async stands(): Promise<void> {
    this.player.stand();
    this.entries.push("stands");
    await sleep(breathMs);
  }

  async leaves(): Promise<void> {
    await this.player.close();
    await sleep(breathMs);
  }

  /** By his connection, or afterwards by somebody who was there. */
  isTold(line: string): void {
    this.heard.push(line);
    const mine = new RegExp(`^SitDown ${this.user}@(\\d+)`).exec(line);
    if (mine !== null) this.entries.push(`sits at ${mine[1]}`);
    if (line === `Online ${this.user}`) this.entries.push("comes back");
    const [, points] = /^Settlement \[.*\] (\{.*\})$/.exec(line) ?? [];
    if (points?.includes(`"${this.user}":`)) this.entries.push(`settles ${points}`); // a line of the log is of those who have rolled
    if (line === "Disconnect 1") this.entries.push("sent out");
    if (line === `StandUp ${this.user}`) this.entries.push("stands");
    const [, code] = /^Error (\d+)/.exec(line) ?? [];
    if (code !== undefined) this.entries.push(`refused ${code}`);
  }
}

/** A new game may be half a minute away: in steps of what a player waits for. */
async function until(player: Player, start: string): Promise<void> {
  const deadline = Date.now() + startsWithinMs;
  for (;;) {
    try {
      await player.hearUntil(start);
      return;
    } catch (waited) {
      if (Date.now() > deadline) throw waited;
    }
  }
}

/** The same evening, as lines of the log tell it. Lines of the gate come before those of the game server it caused. */
export function evening(hits: readonly Hit[], user: number): string[] {
  const rank = ({ _source }: Hit) => (_source["service.name"] === "gate" ? 0 : 1);
  const time = ({ _source }: Hit) => Date.parse(String(_source["@timestamp"]));
  const ordered = hits.toSorted((one, other) => time(one) - time(other) || rank(one) - rank(other));
  return ordered.flatMap(({ _source: line }) => words(line, user) ?? []);
}

function words(line: Hit["_source"], user: number): string | undefined {
  switch (line["event.action"]) {
    case "session open":
      return "comes in";
    case "session close":
      return `closed ${line["close.code"]}`;
    case "sit":
      return `sits at ${line["seat"]}`;
    case "come back":
      return "comes back";
    case "settle":
      return `settles ${JSON.stringify(line["game.points"])}`;
    case "refusal":
      return `refused ${line["error.code"]}`;
    case "drop":
      return "drops";
    case "stand":
      return "stands";
    case "room end":
      return Array.isArray(line["user.id"]) && line["user.id"].includes(user) ? "sent out" : undefined;
    default:
      return undefined;
  }
}
