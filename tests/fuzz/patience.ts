/**
 * Inputs that are never done with: nothing in their own thread can say which one it was. A second thread keeps it in the
 * corpus, says so, and ends the process.
 */
import { Worker } from "node:worker_threads";
import type { Pieces } from "./fuzzer.ts";

const stuckMsMax = 20_000;
const bytesMax = 8 * 1024 * 1024;

/** Layout of the shared memory: a count that is odd while an input is taken, how many pieces it has, and of each the length and the bytes. */
export const headBytes = 8;

export class Patience implements Disposable {
  readonly #shared = new SharedArrayBuffer(bytesMax);
  readonly #head = new Int32Array(this.#shared, 0, 2);
  readonly #view = new DataView(this.#shared);
  readonly #bytes = new Uint8Array(this.#shared);
  readonly #worker: Worker;

  constructor(name: string, stuckMs = stuckMsMax) {
    this.#worker = new Worker(new URL("./patience_thread.ts", import.meta.url), {
      workerData: { shared: this.#shared, stuckMs, name },
      execArgv: [],
    });
    this.#worker.unref();
  }

  begin(pieces: Pieces): void {
    let at = headBytes;
    for (const piece of pieces) {
      this.#view.setUint32(at, piece.length);
      this.#bytes.set(piece, at + 4);
      at += 4 + piece.length;
    }
    this.#head[1] = pieces.length;
    Atomics.store(this.#head, 0, (Atomics.load(this.#head, 0) | 1) + 2);
  }

  end(): void {
    Atomics.add(this.#head, 0, 1);
  }

  [Symbol.dispose](): void {
    void this.#worker.terminate();
  }
}
