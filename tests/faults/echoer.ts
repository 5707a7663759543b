/** Somebody at a gate who asks for an echo again and again, and how long each took: what others' misbehaviour costs him. */
import { WebSocket } from "ws";
import { commandOf, frame } from "#protocol/frame.ts";
import type { Entrance } from "#tests/support/entrance.ts";
import { Player } from "#tests/support/player.ts";
import { Command, load } from "./flood.ts";

interface EchoerOptions {
  readonly entrance: Entrance;
  readonly user: number;
  readonly room: string;
  readonly everyMs: number;
  readonly ballastBytes?: number;
}

export class Echoer {
  readonly #socket: WebSocket;
  readonly #everyMs: number;
  #timer: NodeJS.Timeout | undefined;
  readonly #unanswered = new Set<number>();
  tookMs: number[] = [];
  /** Echoes of what was not, or not any more, waited for. */
  doubled = 0;

  private constructor(player: Player, everyMs: number) {
    this.#socket = player.socket;
    this.#everyMs = everyMs;
    this.#socket.removeAllListeners("message");
    this.#socket.on("message", (data: Buffer) => {
      if (commandOf(data) === Command.ECHOED) this.#onEchoed(data.readDoubleBE(4));
    });
  }

  /** Sits down in the flood `room`, which shall be so many bytes large. */
  static async seat({ entrance, user, room, everyMs, ballastBytes = 0 }: EchoerOptions): Promise<Echoer> {
    const player = await Player.seated(entrance, user, { game_name: "flood", room_id: room });
    await player.hearUntil(String(Command.ARRIVED));
    if (ballastBytes > 0) player.send(load(ballastBytes));
    return new Echoer(player, everyMs);
  }

  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  get unanswered(): number {
    return this.#unanswered.size;
  }

  start(): void {
    this.tookMs = [];
    this.#timer = setInterval(() => {
      const body = Buffer.alloc(8);
      const sentMs = performance.now();
      body.writeDoubleBE(sentMs);
      this.#unanswered.add(sentMs);
      this.#socket.send(frame(Command.ECHO, body));
    }, this.#everyMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #onEchoed(sentMs: number): void {
    if (this.#unanswered.delete(sentMs)) this.tookMs.push(performance.now() - sentMs);
    else this.doubled += 1;
  }
}
