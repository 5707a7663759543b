/**
 * What holds for every input of every fuzzer, beside its own rules: nothing is thrown that nobody catches, and it costs bounded
 * time and memory. Time is this thread's own, so that a busy machine breaks no rule.
 */
import type { Fuzzer, Pieces } from "./fuzzer.ts";

/** For inputs that take a hundredth of it. */
const perInput = { cpuMs: 2000, memoryBytes: 256 * 1024 * 1024 };

export class Judge {
  readonly #fuzzer: Pick<Fuzzer, "take">;
  readonly #limits: typeof perInput;
  readonly #uncaught: unknown[] = [];
  /** Who else listens, the test runner above all, hears nothing meanwhile: it would end the test before the input is small. */
  readonly #others = ["uncaughtException", "unhandledRejection"].map((event) => [event, process.listeners(event as "exit")] as const);
  readonly #onUncaught = (thrown: unknown): void => void this.#uncaught.push(thrown);

  constructor(fuzzer: Pick<Fuzzer, "take">, limits = perInput) {
    this.#fuzzer = fuzzer;
    this.#limits = limits;
    for (const [event, others] of this.#others) {
      for (const other of others) process.off(event, other);
      process.on(event, this.#onUncaught);
    }
  }

  /** @throws when the input breaks a rule. */
  async take(pieces: Pieces): Promise<void> {
    this.#uncaught.length = 0;
    const before = process.resourceUsage().maxRSS;
    const start = process.threadCpuUsage();
    const taking = this.#fuzzer.take(pieces);
    if (taking !== undefined) await taking;
    const { user, system } = process.threadCpuUsage(start);
    const ms = (user + system) / 1000;
    const bytes = (process.resourceUsage().maxRSS - before) * 1024;
    if (this.#uncaught.length > 0) throw new Error("nobody catches what is thrown", { cause: this.#uncaught[0] });
    if (ms > this.#limits.cpuMs) throw new Error(`it takes ${Math.round(ms)} ms`);
    if (bytes > this.#limits.memoryBytes) throw new Error(`it takes ${Math.round(bytes / 1e6)} MB`);
  }

  [Symbol.dispose](): void {
    for (const [event, others] of this.#others) {
      process.off(event, this.#onUncaught);
      for (const other of others) process.on(event, other);
    }
  }
}
