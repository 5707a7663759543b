/**
 * Where a room's outputs leave: a link to a gate, or the door of direct clients. A session
 * is named by a key that is unique in the fleet and says nothing about where it is; a handle
 * says that.
 */
import type { Frame } from "#protocol/frame.ts";

export interface Exit {
  /** One frame for several sessions of this exit. `flags` are `outputFlags` of the link. */
  output(flags: number, sessions: readonly number[], frame: Frame): void;
  /** Every input of the session up to `number` is applied. */
  ack(session: number, number: number): void;
  /** The turn is over: what was said leaves. */
  flush(): void;
}

export interface SessionHandle {
  /** The boot of the session's gate and `id`. */
  readonly key: string;
  readonly exit: Exit;
  readonly id: number;
}
