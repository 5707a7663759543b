/** Somebody at a gate who asks for an echo again and again, and how long each took: what others' misbehaviour costs him. */
import type { WebSocket } from "ws";
import { commandOf, frame } from "#protocol/frame.ts";
import { Player } from "#tests/support/player.ts";
import { Command } from "./flood.ts";

export class Echoer {
  readonly #socket: WebSocket;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  tookMs: number[] = [];

  private constructor(player: Player, everyMs: number) {
    this.#socket = player.socket;
    this.#everyMs = everyMs;
    this.#socket.removeAllListeners("message");
    this.#socket.on("message", (data: Buffer) => {
      if (commandOf(data) === Command.ECHOED) this.tookMs.push(performance.now() - data.readDoubleBE(4));
    });
  }

  static async seat(port: number, user: number, everyMs: number): Promise<Echoer> {
    const player = await Player.seated(port, user, { game_name: "flood", room_id: String(1000 + (user % 4)) });
    await player.hearUntil(String(Command.ARRIVED));
    return new Echoer(player, everyMs);
  }

  start(): void {
    this.tookMs = [];
    this.#timer = setInterval(() => {
      const body = Buffer.alloc(8);
      body.writeDoubleBE(performance.now());
      this.#socket.send(frame(Command.ECHO, body));
    }, this.#everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
