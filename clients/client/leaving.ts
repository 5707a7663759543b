/**
 * A room that was left, until the server has let go of it: frames name no room, so the next one is asked for only when
 * nothing more can come from the last.
 *
 * A StandUp has no answer. Whoever sits down next therefore says a Print behind it: frames are taken in order, and to a
 * session in no room the answer is Error 112.
 *
 *     settled ──left──> left ──next sit: Print──> asked ──Error 112, or too late──> settled
 */
import { type Frame, frame } from "#protocol/frame.ts";
import { Command } from "#protocol/gen/frame_pb.ts";
import { refusals } from "#protocol/refusals.ts";
import { refusalIn } from "./errors.ts";

/** A room whose server cannot be reached keeps its leavers waiting; a sit may wait there as well as here. */
const settleTimeoutMs = 10_000;

type Stage =
  | { readonly is: "settled" }
  | { readonly is: "left" }
  | { readonly is: "asked"; readonly onSettled: () => void; readonly timer: ReturnType<typeof setTimeout> };

export class Leaving {
  readonly #send: (frame: Frame) => void;
  #stage: Stage = { is: "settled" };

  constructor(send: (frame: Frame) => void) {
    this.#send = send;
  }

  /** A room was left. */
  left(): void {
    if (this.#stage.is === "settled") this.#stage = { is: "left" };
  }

  /** The connection is another one. */
  forget(): void {
    if (this.#stage.is === "asked") clearTimeout(this.#stage.timer);
    this.#stage = { is: "settled" };
  }

  /** Calls `onSettled` as soon as nothing more comes from the room that was left; that of an earlier call is forgotten. */
  settle(onSettled: () => void): void {
    if (this.#stage.is === "settled") return onSettled();
    if (this.#stage.is === "asked") clearTimeout(this.#stage.timer);
    else this.#send(frame(Command.PRINT));
    this.#stage = { is: "asked", onSettled, timer: setTimeout(() => this.#settled(onSettled), settleTimeoutMs) };
  }

  /** Whether it is the answer. */
  hear(command: number, body: Uint8Array): boolean {
    if (this.#stage.is !== "asked" || refusalIn(command, body) !== refusals.notInARoom.code) return false;
    this.#settled(this.#stage.onSettled);
    return true;
  }

  #settled(onSettled: () => void): void {
    this.forget();
    onSettled();
  }
}
