/**
 * A patient player of the ledger over a real WebSocket: sits down, writes an entry now and
 * then, never leaves, and tells the verdict everything. How a session is treated when its
 * link fails shows in the notices and closes it hears of.
 */
import { once } from "node:events";
import { WebSocket } from "ws";
import { bodyOf, commandOf, decode, type Frame, frame } from "#protocol/frame.ts";
import { Command, ErrorResponseSchema, Int32Schema, Int64Schema, type Notice_Reason, NoticeSchema } from "#protocol/gen/frame_pb.ts";
import { Command as Ledger, readNotice } from "#simulation/ledger.ts";
import type { Line, LineBody, Verdict } from "#simulation/verdict.ts";
import { type Entrance, wayIn } from "#tests/support/entrance.ts";
import { sitDown } from "#tests/support/player.ts";

export interface HeardNotice {
  readonly reason: Notice_Reason;
  readonly atMs: number;
}

export class LedgerSeat {
  readonly user: number;
  readonly notices: HeardNotice[] = [];
  closes = 0;
  sent = 0;
  answered = 0;
  #stage: "on its way" | "seated" = "on its way";
  readonly #socket: WebSocket;
  readonly #verdict: Verdict;
  #writing: NodeJS.Timeout | undefined;

  private constructor(user: number, socket: WebSocket, verdict: Verdict) {
    this.user = user;
    this.#socket = socket;
    this.#verdict = verdict;
    socket.on("message", (data: Buffer) => this.#onFrame(data));
    socket.on("close", (code: number) => {
      this.closes += 1;
      clearInterval(this.#writing);
      this.#tell({ is: "closed", code, by: "gate" });
    });
  }

  /** Sits down in the ledger `room`. */
  static async open(entrance: Entrance, user: number, room: string, verdict: Verdict): Promise<LedgerSeat> {
    const socket = new WebSocket(await wayIn(entrance, user));
    const seat = new LedgerSeat(user, socket, verdict);
    await once(socket, "open");
    seat.#tell({ is: "asked" });
    socket.send(sitDown({ game_name: "ledger", room_id: room }));
    return seat;
  }

  get isSeated(): boolean {
    return this.#stage === "seated";
  }

  write(): void {
    this.sent += 1;
    const token = `${this.user}.${this.sent}`;
    this.#tell({ is: "sent", token });
    this.#socket.send(frame(Ledger.ENTRY, new TextEncoder().encode(token)));
  }

  writeEvery(everyMs: number): void {
    this.#writing = setInterval(() => this.write(), everyMs);
  }

  rest(): void {
    clearInterval(this.#writing);
  }

  /** Its end is no business of the verdict's. */
  leave(): void {
    this.rest();
    this.#socket.removeAllListeners("close");
    this.#socket.terminate();
  }

  #tell(line: LineBody): void {
    this.#verdict.add({ atMs: performance.now(), connection: this.user, user: this.user, ...line } as Line);
  }

  #onFrame(bytes: Frame): void {
    const body = bodyOf(bytes);
    switch (commandOf(bytes)) {
      case Ledger.BOOK:
        this.#stage = "seated";
        return this.#tell({ is: "book", notice: readNotice(body) });
      case Ledger.EVENT:
        return this.#tell({ is: "event", notice: readNotice(body) });
      case Ledger.RECEIPT:
        this.answered += 1;
        return this.#tell({ is: "receipt", receipt: readNotice(body) });
      case Command.ERROR:
        return this.#tell({ is: "refused", code: decode(ErrorResponseSchema, body).code });
      case Command.DISCONNECT:
        return this.#tell({ is: "out", reason: decode(Int32Schema, body).v });
      case Command.STAND_UP:
        return this.#tell({ is: "gone", who: Number(decode(Int64Schema, body).v) });
      case Command.ONLINE:
        return this.#onOnline(Number(decode(Int64Schema, body).v));
      case Command.NOTICE:
        this.notices.push({ reason: decode(NoticeSchema, body).reason, atMs: performance.now() });
        return;
    }
  }

  #onOnline(user: number): void {
    if (user < 0) this.#tell({ is: "gone", who: -user });
  }
}
