/**
 * The refusals: one numbered table of every "no" a client can hear, with its words and
 * whether trying again can help. A refusal answers one message and leaves the connection
 * as it was; what ends a connection is in close_codes.ts. Numbers: PROTOCOL §1.
 */
import { ErrorResponse_Code } from "./gen/frame_pb.ts";

/** A row of the table. Games add rows of their own with codes from 10 000 on. */
export interface Refusal {
  /** The number on the wire, and the label on metrics. */
  readonly code: number;
  /** The words a client reads; empty for `fail`, whose text is only in Detail. */
  readonly desc: string;
  /** Whether the same request may succeed later without a change. */
  readonly retry: boolean;
  /** Whether no honest client hears it: one that collects many of these is closed with 1008. */
  readonly strike?: true;
}

export const refusals = {
  fail: { code: ErrorResponse_Code.FAIL, desc: "", retry: true },
  unknownCommand: { code: ErrorResponse_Code.UNKNOWN_COMMAND, desc: "unknown command", retry: false, strike: true },
  statusMismatch: { code: ErrorResponse_Code.STATUS_MISMATCH, desc: "status mismatch", retry: true },
  watcherOperate: { code: ErrorResponse_Code.WATCHER_OPERATE, desc: "watcher can't operate", retry: false },
  draining: { code: ErrorResponse_Code.DRAINING, desc: "draining, no new rooms here", retry: true },
  roomFull: { code: ErrorResponse_Code.ROOM_FULL, desc: "room full", retry: true },
  notInARoom: { code: ErrorResponse_Code.NOT_IN_A_ROOM, desc: "not in a room", retry: false },
  inAnotherRoom: { code: ErrorResponse_Code.IN_ANOTHER_ROOM, desc: "in another room", retry: false },
  tryAgain: { code: ErrorResponse_Code.TRY_AGAIN, desc: "try again", retry: true },
  limit: { code: ErrorResponse_Code.LIMIT, desc: "limit reached", retry: true },
  badRequest: { code: ErrorResponse_Code.BAD_REQUEST, desc: "bad request", retry: false, strike: true },
  notAllowed: { code: ErrorResponse_Code.NOT_ALLOWED, desc: "not allowed", retry: false },
  noSuchRoom: { code: ErrorResponse_Code.NO_SUCH_ROOM, desc: "no such room", retry: true },
  unknownGame: { code: ErrorResponse_Code.UNKNOWN_GAME, desc: "unknown game", retry: false, strike: true },
} as const satisfies Record<string, Refusal>;

/** How the system calls its refusals (PROTOCOL §1.4). */
export type RefusalName = keyof typeof refusals;

interface RefusedOptions {
  /** Which one: added to the words after a colon, as in `unknown command: 77`. */
  of?: string | number;
  /** What an engineer wants to know. Clients see it in development only. */
  detail?: string;
  cause?: unknown;
}

/** A request refused. The one class thrown for it; `refusal` is the row of the table. */
export class Refused extends Error {
  override readonly name = "Refused";
  readonly refusal: Refusal;
  readonly desc: string;
  readonly detail: string;

  constructor(refusal: RefusalName | Refusal, { of, detail = "", cause }: RefusedOptions = {}) {
    const row: Refusal = typeof refusal === "string" ? refusals[refusal] : refusal;
    const desc = of === undefined ? row.desc : `${row.desc}: ${of}`;
    super(detail === "" ? desc : `${desc} (${detail})`, { cause });
    this.refusal = row;
    this.desc = desc;
    this.detail = detail;
  }
}

/** Turns anything thrown into a refusal: what is not one already becomes `fail`, with its text as detail. */
export function toRefused(thrown: unknown): Refused {
  if (thrown instanceof Refused) return thrown;
  return new Refused("fail", { detail: thrown instanceof Error ? thrown.message : String(thrown), cause: thrown });
}
