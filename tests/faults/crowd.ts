/**
 * Very many players in one process: they sit down at dice through one gate and, the moment it is gone,
 * all come back through another. Prints `{"is":"seated"}` when everybody sits, and then how long each was without a seat.
 *
 *     node tests/faults/crowd.ts --from PORT --to PORT --users N --first-user N
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { WebSocket } from "ws";
import { commandOf } from "#protocol/frame.ts";
import { Command as Dice } from "#protocol/gen/dice_pb.ts";
import { mintToken } from "#protocol/token.ts";
import { developmentKey } from "#tests/support/entrance.ts";
import { sitDown } from "#tests/support/player.ts";

/** They arrive so many at a time. */
const arriving = 50;
/** Who was not let in tries again after a random time up to this. */
const retryMs = 250;

const { values } = parseArgs({
  options: { from: { type: "string" }, to: { type: "string" }, users: { type: "string" }, "first-user": { type: "string" } },
});
const [from, to, users, firstUser] = [values.from, values.to, values.users, values["first-user"]].map(Number) as [
  number,
  number,
  number,
  number,
];

class Guest {
  readonly #user: number;
  readonly #token: string;
  attempts = 0;
  lostAtMs = 0;
  #isBack = Promise.withResolvers<number>();

  private constructor(user: number, token: string) {
    this.#user = user;
    this.#token = token;
  }

  static async open(user: number): Promise<Guest> {
    const guest = new Guest(user, await mintToken(user, developmentKey));
    const { promise, resolve } = Promise.withResolvers<void>();
    guest.#connect(from, resolve);
    await promise;
    return guest;
  }

  /** How long it was without a seat, milliseconds. */
  get back(): Promise<number> {
    return this.#isBack.promise;
  }

  #connect(port: number, onScene: () => void): void {
    const socket = new WebSocket(`ws://127.0.0.1:${port}?token=${this.#token}`);
    socket.on("error", () => {}); // a close follows
    socket.on("open", () => socket.send(sitDown({ room_id: String(Math.ceil(this.#user / 4)) })));
    socket.on("message", (data: Buffer) => commandOf(data) === Dice.SCENE && onScene());
    socket.once("close", () => this.#onClose(port));
  }

  #onClose(port: number): void {
    if (port === from) this.lostAtMs = performance.now();
    this.attempts += 1;
    const delayMs = port === from ? 0 : Math.random() * retryMs;
    setTimeout(() => this.#connect(to, () => this.#isBack.resolve(performance.now() - this.lostAtMs)), delayMs);
  }
}

const guests: Guest[] = [];
while (guests.length < users) {
  const group = Array.from({ length: Math.min(arriving, users - guests.length) }, (_, at) => Guest.open(firstUser + guests.length + at));
  guests.push(...(await Promise.all(group)));
}
process.stdout.write(`${JSON.stringify({ is: "seated" })}\n`);
const backMs = await Promise.all(guests.map(({ back }) => back));
process.stdout.write(`${JSON.stringify({ is: "back", backMs, attempts: guests.map(({ attempts }) => attempts) })}\n`);
await sleep(2 ** 31 - 1);
