/** A log that a test can read and wait for. */
import type { Log, LogEvent, LogFields } from "#runtime/log.ts";

export interface LogLine {
  readonly event: LogEvent;
  readonly fields: LogFields;
}

const patienceMs = 5000;

export class LogLines implements Log {
  readonly isDebug = false;
  readonly lines: LogLine[];
  readonly #fields: LogFields;
  readonly #waiters: Set<() => void>;

  constructor(lines: LogLine[] = [], fields: LogFields = {}, waiters: Set<() => void> = new Set()) {
    this.lines = lines;
    this.#fields = fields;
    this.#waiters = waiters;
  }

  debug(): void {}

  info(event: LogEvent, fields: LogFields = {}): void {
    this.#write(event, fields);
  }

  warn(event: LogEvent, fields: LogFields = {}): void {
    this.#write(event, fields);
  }

  error(event: LogEvent, fields: LogFields = {}): void {
    this.#write(event, fields);
  }

  with(fields: LogFields): Log {
    return new LogLines(this.lines, { ...this.#fields, ...fields }, this.#waiters);
  }

  /** Forgets what was logged so far. */
  clear(): void {
    this.lines.length = 0;
  }

  of(event: LogEvent): LogFields[] {
    return this.lines.filter((line) => line.event === event).map(({ fields }) => fields);
  }

  /** The first line of this event. */
  async logged(event: LogEvent): Promise<LogFields> {
    const deadline = AbortSignal.timeout(patienceMs);
    for (;;) {
      const [line] = this.of(event);
      if (line !== undefined) return line;
      if (deadline.aborted) throw new Error(`waited for "${event}", heard ${this.lines.map((other) => other.event).join(", ")}`);
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.add(resolve);
      deadline.addEventListener("abort", () => resolve(), { once: true });
      await promise;
    }
  }

  #write(event: LogEvent, fields: LogFields): void {
    this.lines.push({ event, fields: { ...this.#fields, ...fields } });
    for (const wake of this.#waiters) wake();
    this.#waiters.clear();
  }
}
