/**
 * Where a room's outputs leave: a link to a gate, or the door of direct clients. A session
 * is named by the boot of its gate and a number; that name is good in the whole fleet and
 * says nothing about where the gate is.
 */
import type { Frame } from "#protocol/frame.ts";

export interface Exit {
  /** The boot of the gate, or what stands for one at the door of direct clients. */
  readonly gate: string;
  /** False once nothing that is said here is heard. */
  readonly isUp: boolean;
  /** Direct clients have no gate that could ask again: what they were sent counts as confirmed. */
  readonly confirmsAtOnce: boolean;
  /** One output of a life for several sessions. `flags` are `outputFlags` of the link. */
  output(life: string, number: number, flags: number, sessions: readonly number[], frame: Frame): void;
  /** Every input of the session up to `number` is applied. */
  ack(session: number, number: number): void;
  /** The life is another server's, "" = nobody here knows whose: the end of what is said of it here. */
  moved(life: string, owner: string, epoch: number): void;
  /** The life was frozen, and what came meanwhile was not applied: it must be given again. */
  again(life: string): void;
  /** The turn is over: what was said leaves. */
  flush(): void;
}
