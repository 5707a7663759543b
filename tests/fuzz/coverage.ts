/**
 * Which code of ours has run, by V8's own counters: what reaches more of it is worth keeping. There is no library for it that
 * `npm ci` alone brings to this project's systems.
 */
import { type Profiler, Session } from "node:inspector";

export class Coverage implements Disposable {
  readonly #session = new Session();
  /** Of each function that has run, which of its characters have. */
  readonly #reached = new Map<string, Uint8Array>();
  readonly #isOurs: (url: string) => boolean;
  /** Functions, and blocks in them. */
  places = 0;

  constructor(isOurs: (url: string) => boolean) {
    this.#isOurs = isOurs;
    this.#session.connect();
    this.#session.post("Profiler.enable");
    this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  }

  /** What has run since it was asked last. */
  take(): readonly Profiler.ScriptCoverage[] {
    let ran: readonly Profiler.ScriptCoverage[] = [];
    this.#session.post("Profiler.takePreciseCoverage", (failed, { result }) => {
      if (failed) throw failed;
      ran = result.filter(({ url }) => this.#isOurs(url));
    });
    return ran;
  }

  /** Whether something of it had never run before. */
  hasNew(ran: readonly Profiler.ScriptCoverage[]): boolean {
    return ran.some(({ url, functions }) => functions.some((one) => this.#reach(url, one, false)));
  }

  /** From now on it has run; gives whether something of it had not before. */
  add(ran: readonly Profiler.ScriptCoverage[]): boolean {
    let isNew = false;
    for (const { url, functions } of ran) for (const one of functions) isNew = this.#reach(url, one, true) || isNew;
    return isNew;
  }

  [Symbol.dispose](): void {
    this.#session.disconnect();
  }

  #reach(url: string, { ranges }: Profiler.FunctionCoverage, isKept: boolean): boolean {
    const [whole] = ranges;
    if (whole === undefined || whole.count === 0) return false;
    const key = `${url} ${whole.startOffset} ${whole.endOffset}`;
    const known = this.#reached.get(key);
    const now = new Uint8Array(whole.endOffset - whole.startOffset);
    for (const { startOffset, endOffset, count } of ranges) {
      now.fill(count > 0 ? 1 : 0, startOffset - whole.startOffset, endOffset - whole.startOffset);
    }
    const isNew = known === undefined || now.some((ran, at) => ran > (known[at] ?? 0));
    if (isNew && isKept) {
      this.places += 1;
      this.#reached.set(key, known === undefined ? now : now.map((ran, at) => ran | (known[at] ?? 0)));
    }
    return isNew;
  }
}
