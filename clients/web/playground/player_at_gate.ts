/** One user of the playground: his connection, by the client library, and everything that came and went on it. */
import { type Client, type ClientState, connect, type Room } from "#clients/client.ts";
import { developmentToken, gateUrl } from "#clients/web/shared/gate.ts";
import type { GameProtocol } from "#protocol/game_protocol.ts";
import { readCommand, readEvent } from "./readable.ts";
import { drop } from "./sockets.ts";

/** More are not kept: the oldest go. */
const linesMax = 200;

export interface Line {
  readonly id: number;
  readonly at: string;
  /** From the server, to it, or what became of the connection. */
  readonly way: "heard" | "said" | "state";
  readonly name: string;
  readonly text: string;
}

export interface Wish {
  readonly user: string;
  readonly game: GameProtocol;
  /** "": any. */
  readonly room: string;
  readonly watch: boolean;
}

let lastPlayer = 0;

export class PlayerAtGate {
  /** Tells him from the others: two may be the same user. */
  readonly id = ++lastPlayer;
  readonly wish: Wish;
  readonly #url: string;
  readonly #client: Client;
  readonly #room: Room<GameProtocol>;
  readonly #protocol: () => GameProtocol;
  readonly #onChange: () => void;
  #lines: readonly Line[] = [];
  #lastLine = 0;

  /** `protocol`: the game as it is known now. */
  constructor(wish: Wish, protocol: () => GameProtocol, onChange: () => void) {
    this.wish = wish;
    this.#protocol = protocol;
    this.#onChange = onChange;
    this.#url = `${gateUrl()}/playground/${this.id}`;
    this.#client = connect({ url: this.#url, getToken: () => developmentToken(wish.user), queueMessagesMax: 0 });
    this.#client.on("state", (state) => this.#clientOnState(state));
    this.#client.on("frame", (command, body) => this.#note("heard", readEvent(this.#protocol(), command, body)));
    const { game, room, watch } = wish;
    this.#room = room === "" ? this.#client.match(game, { watch }) : this.#client.sit(game, { room, watch });
  }

  get state(): ClientState {
    return this.#client.state;
  }

  /** The newest first. */
  get lines(): readonly Line[] {
    return this.#lines;
  }

  send(command: number, body: Uint8Array): void {
    const { name, text } = readCommand(this.#protocol(), command, body);
    const sent = this.#client.send(command, body);
    this.#note("said", { name: sent === "sent" ? name : `${name} (${sent})`, text });
  }

  /** For the scene, or a watcher for a seat. */
  sitAgain(): void {
    this.#room.sit(-1);
  }

  print(): void {
    this.#room.print();
  }

  /** Breaks the connection: the room hears that he has dropped, and the library comes back. */
  drop(): void {
    drop(this.#url);
  }

  /** Stands up, and goes for good. */
  async close(): Promise<void> {
    this.#room.leave();
    await this.#client.close();
  }

  #clientOnState(state: ClientState): void {
    const { is, ...more } = state;
    this.#note("state", { name: is, text: Object.keys(more).length === 0 ? "" : JSON.stringify(more) });
  }

  #note(way: Line["way"], { name, text }: { name: string; text: string }): void {
    const at = new Date().toISOString().slice(11, 23);
    this.#lines = [{ id: ++this.#lastLine, at, way, name, text }, ...this.#lines].slice(0, linesMax);
    this.#onChange();
  }
}
