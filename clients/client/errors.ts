/** Every "no" that a client hears or says: one class, told apart by its code. */
import { decode } from "#protocol/frame.ts";
import type { GameRefusals } from "#protocol/game_protocol.ts";
import { Command, type ErrorResponse, ErrorResponseSchema } from "#protocol/gen/frame_pb.ts";
import { type Refusal, type RefusalName, refusals } from "#protocol/refusals.ts";

/** What this library says itself. */
export type OwnErrorCode =
  /** A frame of more than 32 768 bytes: the server would close the connection. */
  | "tooLarge"
  /** A number that neither the system nor the described game has. */
  | "unknown";

/** What a `CroupierError` is told by. `GameCode`: the names of the refusals in the game's description. */
export type ErrorCode<GameCode extends string = never> = RefusalName | OwnErrorCode | GameCode;

/** A request that was refused: by the room or the gate (`room.on("refused", …)`), or by the library, which throws it. */
export class CroupierError<Code extends string = string> extends Error {
  /** That of the class. */
  override readonly name = "CroupierError";
  /** What to tell it by: a name of the table of refusals (PROTOCOL §1.4), of the game's own, or of this library's. */
  readonly code: Code;
  /** The number on the wire; 0 of what the library says itself. */
  readonly number: number;
  /** Whether the same request may succeed later. */
  readonly retry: boolean;
  /** What an engineer wants to know; the server says it in development only. */
  readonly detail: string;

  constructor(code: Code, { number = 0, retry = false, words = "", detail = "" }: CroupierErrorInit = {}) {
    super([words || code, detail].filter(Boolean).join(": "));
    this.code = code;
    this.number = number;
    this.retry = retry;
    this.detail = detail;
  }
}

/** What is known of an error beside its code. */
export interface CroupierErrorInit {
  /** That on the wire; left out: 0. */
  readonly number?: number;
  /** Whether the same request may succeed later; left out: no. */
  readonly retry?: boolean;
  /** For people; left out: the code. */
  readonly words?: string;
  /** For engineers. */
  readonly detail?: string;
}

/** The number of a refusal; 0: it is none. */
export function refusalIn(command: number, body: Uint8Array): number {
  return command === Command.ERROR ? decode(ErrorResponseSchema, body).code : 0;
}

/** The error that an Error frame is, by the names of the system and of a game. */
export function readError<Names extends string>(body: Uint8Array, own: GameRefusals): CroupierError<ErrorCode<Names>> {
  const { code: number, desc: words, detail }: ErrorResponse = decode(ErrorResponseSchema, body);
  const known: [string, Refusal][] = [...Object.entries(refusals), ...Object.entries(own)];
  const [code, refusal] = known.find(([, row]) => row.code === number) ?? ["unknown", undefined];
  return new CroupierError(code as ErrorCode<Names>, { number, retry: refusal?.retry ?? false, words, detail });
}
