/**
 * Where log lines leave: a file descriptor that is never waited for. Lines leave at
 * the end of their turn, but some milliseconds after the last ones: under load many are one write. What the reader does not take at once is kept, up to a limit, and
 * offered again; beyond it lines are left out, and counted in the next one (`log gap`).
 *
 *     write ──> kept ──turn's end, gatherMs──> written
 *                │ ^                   │ the reader is slow
 *                │ └─── retryMs ───────┘
 *                ├── more than keptBytesMax: left out, counted
 *                └── nobody reads any more: said once on standard error, left out, counted
 *
 * At the process's end what is kept is written with patience, unless nobody reads at all. So a process that ends by
 * itself, in whatever way, has said everything to a reader who reads; kill -9 takes the lines of
 * its last milliseconds.
 */
import { fstatSync, writeSync } from "node:fs";

/** The lines of 50 000 rooms that are parked, with room to spare. */
const keptBytesMax = 32 * 1024 * 1024;
/** So long is between two writes: under load one for each turn of the event loop costs more than the lines. */
const gatherMs = 10;
/** What is longer does not wait. */
const gatherCharactersMax = 64 * 1024;
/** What the reader has not taken is offered again so soon. */
const retryMs = 10;
/** At the end, a reader who takes nothing for so long does not read. */
const endPatienceMs = 1000;
/** And one who takes little is waited for no longer: the journal's next owner waits, too. */
const endMsMax = 5000;
const endRetryMs = 2;

const standardOutput = 1;
const standardError = 2;

export interface LogOutputOptions {
  fd?: number;
  bytesMax?: number;
  /** So many lines have been left out since this was called last; there is space again. */
  onGap(lines: number): void;
}

type Stage = "open" | "waiting" | "closed";

export class LogOutput {
  /** Lines that were left out. */
  dropped = 0;
  readonly #fd: number;
  readonly #bytesMax: number;
  readonly #onGap: (lines: number) => void;
  #lines: string[] = [];
  #characters = 0;
  /** What the reader has not taken. */
  #rest: Buffer = Buffer.alloc(0);
  #restLines = 0;
  #toldDropped = 0;
  #isScheduled = false;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #stage: Stage = "open";

  constructor({ fd = standardOutput, bytesMax = keptBytesMax, onGap }: LogOutputOptions) {
    this.#fd = fd;
    this.#bytesMax = bytesMax;
    this.#onGap = onGap;
    if (fd === standardOutput) neverBlock();
    process.on("exit", () => this.end());
  }

  write(line: string): void {
    if (this.#stage === "closed" || this.#rest.length + this.#characters + line.length > this.#bytesMax) {
      this.dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#characters += line.length;
    if (this.#stage === "waiting") return;
    if (this.#characters > gatherCharactersMax) this.flush();
    else this.#schedule();
  }

  /** Writes what the reader takes now. */
  flush(): void {
    if (this.#stage === "closed") return;
    if (!this.#writeRest()) return;
    this.#gather();
    if (!this.#writeRest()) return;
    const untold = this.dropped - this.#toldDropped;
    if (untold === 0) return;
    this.#toldDropped = this.dropped;
    this.#onGap(untold);
  }

  /** The process ends: waits for a reader who reads. */
  end(): void {
    this.#stage = this.#stage === "closed" ? "closed" : "open";
    let left = -1;
    let sinceMs = performance.now();
    const untilMs = sinceMs + endMsMax;
    for (;;) {
      this.flush();
      if (this.#rest.length === 0 && this.#lines.length === 0) return;
      const now = performance.now();
      if (this.#rest.length !== left) {
        left = this.#rest.length;
        sinceMs = now;
      }
      if (now - sinceMs >= endPatienceMs || now >= untilMs)
        return tell(`nobody reads the log in time: its last lines, ${this.#restLines + this.#lines.length} at most, are lost.`);
      sleep(endRetryMs);
    }
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    const write = (): void => {
      this.#isScheduled = false;
      this.#writtenAtMs = performance.now();
      if (this.#stage === "open") this.flush();
    };
    const waitMs = this.#writtenAtMs + gatherMs - performance.now();
    if (waitMs > 0) setTimeout(write, waitMs).unref();
    else setImmediate(write);
  }

  /** Once there is no rest, what was said since is one. */
  #gather(): void {
    if (this.#lines.length === 0) return;
    this.#rest = Buffer.from(this.#lines.join(""));
    this.#restLines = this.#lines.length;
    this.#lines = [];
    this.#characters = 0;
  }

  /** Writes what was not taken before. False: it is not taken now. */
  #writeRest(): boolean {
    try {
      while (this.#rest.length > 0) this.#rest = this.#rest.subarray(writeSync(this.#fd, this.#rest));
      this.#restLines = 0;
      return true;
    } catch (thrown) {
      const { code = "" } = thrown as NodeJS.ErrnoException;
      if (isOver(code)) this.#close(code);
      else this.#wait();
      return false;
    }
  }

  /** The reader takes nothing now, or the disk has no space. */
  #wait(): void {
    if (this.#stage === "waiting") return;
    this.#stage = "waiting";
    const timer = setTimeout(() => {
      if (this.#stage === "waiting") this.#stage = "open";
      this.flush();
    }, retryMs);
    timer.unref();
  }

  /** Rooms matter more than their log: the process goes on. */
  #close(code: string): void {
    this.#stage = "closed";
    this.dropped += this.#restLines + this.#lines.length;
    this.#rest = Buffer.alloc(0);
    this.#restLines = 0;
    this.#lines = [];
    tell(`standard output is closed (${code}): nothing is logged any more.`);
  }
}

function isOver(code: string): boolean {
  return code === "EPIPE" || code === "EBADF" || code === "ECONNRESET" || code === "ENOTCONN";
}

/**
 * A pipe is written to without waiting as soon as Node has made a stream of it; until then a write to a full one would
 * stop the process. Files and terminals stay as they are.
 */
function neverBlock(): void {
  const stats = fstatSync(standardOutput, { throwIfNoEntry: false });
  if (stats?.isFIFO() || stats?.isSocket()) process.stdout.on("error", () => {});
}

function tell(sentence: string): void {
  try {
    writeSync(standardError, `croupier: ${sentence}\n`);
  } catch {} // nobody is left to be told
}

function sleep(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
