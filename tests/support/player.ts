/**
 * A test's client: a raw WebSocket that writes down everything it hears, as short lines a
 * test can compare (`SitDown 1@0`, `Error 112 not in a room`).
 */
import { once } from "node:events";
import { WebSocket } from "ws";
import { bodyOf, commandOf, encode, type Frame, frame } from "#protocol/frame.ts";
import { Command as DiceCommand } from "#protocol/gen/dice_pb.ts";
import { Command, Int32Schema, SitDownRequestSchema } from "#protocol/gen/frame_pb.ts";
import { type Entrance, wayIn } from "./entrance.ts";
import { readable } from "./readable.ts";

/** How long a test waits for something it expects. */
const patienceMs = 5000;

export interface Closed {
  readonly code: number;
  readonly reason: string;
}

export class Player {
  readonly user: number;
  readonly socket: WebSocket;
  /** Everything heard and not yet taken by `hear`. */
  readonly heard: string[] = [];
  readonly closed: Promise<Closed>;
  #onHeard: (() => void) | undefined;

  private constructor(user: number, socket: WebSocket) {
    this.user = user;
    this.socket = socket;
    socket.on("message", (data: Buffer) => {
      this.heard.push(readable(data));
      this.#onHeard?.();
    });
    socket.on("error", () => {});
    this.closed = new Promise((resolve) => {
      socket.once("close", (code: number, reason: Buffer) => resolve({ code, reason: String(reason) }));
    });
  }

  /** Connects `user` with a token of the entrance's, or with `token`. */
  static async connect(entrance: Entrance, user: number, { token }: { token?: string } = {}): Promise<Player> {
    const socket = new WebSocket(await wayIn(entrance, user, token));
    const player = new Player(user, socket);
    await once(socket, "open");
    return player;
  }

  /** Connects and sits down; what a sit brings is left to hear. */
  static async seated(entrance: Entrance, user: number, metadata: Record<string, string> = {}): Promise<Player> {
    const player = await Player.connect(entrance, user);
    player.sit(metadata);
    return player;
  }

  send(bytes: Frame): void {
    this.socket.send(bytes);
  }

  sit(metadata: Record<string, string> = {}): void {
    this.send(sitDown(metadata));
  }

  stand(): void {
    this.send(frame(Command.STAND_UP));
  }

  shake(face = 0): void {
    this.send(encode(DiceCommand.SHAKE, Int32Schema, { v: face }));
  }

  /** The next `count` lines, in order. */
  async hear(count = 1): Promise<string[]> {
    await this.#until(
      () => this.heard.length >= count,
      () => `${count} lines, heard ${JSON.stringify(this.heard)}`,
    );
    return this.heard.splice(0, count);
  }

  /** Lines up to and including the first one that starts with `start`. */
  async hearUntil(start: string): Promise<string[]> {
    const at = (): number => this.heard.findIndex((line) => line.startsWith(start));
    await this.#until(
      () => at() >= 0,
      () => `"${start}", heard ${JSON.stringify(this.heard)}`,
    );
    return this.heard.splice(0, at() + 1);
  }

  /** Says what nobody answers twice, hears its answer, and gives everything heard before it. */
  async settle(): Promise<string[]> {
    this.send(frame(99));
    const lines = await this.hearUntil("Error");
    return lines.slice(0, -1);
  }

  /** Leaves politely. */
  async close(): Promise<Closed> {
    this.socket.close(1000);
    return this.closed;
  }

  /** Breaks the connection. */
  drop(): void {
    this.socket.terminate();
  }

  async #until(isSo: () => boolean, what: () => string): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!isSo()) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onHeard = resolve;
      const timer = setTimeout(resolve, Math.max(0, deadline - Date.now()));
      await promise;
      clearTimeout(timer);
      if (!isSo() && Date.now() >= deadline) throw new Error(`user ${this.user} waited for ${what()}`);
    }
  }
}

/** A SitDown frame; the game is dice unless `metadata` says otherwise. */
export function sitDown(metadata: Record<string, string>): Frame {
  return encode(Command.SIT_DOWN, SitDownRequestSchema, { metadata: { game_name: "dice", room_id: "1", ...metadata } });
}

export { bodyOf, commandOf, frame };
