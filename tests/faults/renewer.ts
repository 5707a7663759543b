/**
 * A watcher whose tokens live for seconds: he brings a new one again and again over the connection that he has (command 8), and
 * hears whoever leaves his room.
 */
import { encode } from "#protocol/frame.ts";
import { Command, StringSchema } from "#protocol/gen/frame_pb.ts";
import { Player } from "#tests/support/player.ts";

const renewEveryMs = 2000;

export class Renewer {
  /** Close codes, refusals, and whoever has gone: nothing of it shall be. */
  readonly troubles: string[] = [];
  accepted = 0;
  readonly #player: Player;
  readonly #token: () => Promise<string>;
  readonly #timer: NodeJS.Timeout;
  #stage: "open" | "stopped" = "open";

  private constructor(player: Player, token: () => Promise<string>) {
    this.#player = player;
    this.#token = token;
    this.#timer = setInterval(() => void this.#renew(), renewEveryMs);
    void player.closed.then(({ code, reason }) => {
      if (this.#stage === "open") this.troubles.push(`closed with ${code} ${reason}`);
    });
  }

  static async open(port: number, { user, room, token }: { user: number; room: string; token: () => Promise<string> }): Promise<Renewer> {
    const player = await Player.connect(port, user, { token: await token() });
    player.sit({ room_id: room, watch: "true" });
    await player.hearUntil("Scene");
    return new Renewer(player, token);
  }

  /** What he has heard by now. */
  read(): this {
    for (const line of this.#player.heard.splice(0)) {
      if (line === "Token") this.accepted += 1;
      if (/^(StandUp|Online -|Error|Disconnect)/.test(line)) this.troubles.push(line);
    }
    return this;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.read();
    this.#stage = "stopped";
    this.#player.drop();
  }

  async #renew(): Promise<void> {
    this.#player.send(encode(Command.TOKEN, StringSchema, { v: await this.#token() }));
  }
}
