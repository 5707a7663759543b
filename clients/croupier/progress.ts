/**
 * How far long work is: at a terminal one line that changes, elsewhere lines, as often as they say something new, and
 * otherwise every few seconds.
 */
import { clearLine, cursorTo } from "node:readline";
import { print } from "./say.ts";

/** Between two lines that differ in their figures only. */
const sayEveryMs = 5000;

export class Progress {
  readonly #isTerminal = process.stdout.isTTY === true;
  #said: { readonly what: string; readonly line: string; readonly atMs: number } | undefined;

  /** `what`: what is new when it changes; `figures`: what changes all the time. */
  show(what: string, figures = ""): void {
    const line = what + figures;
    const said = this.#said;
    if (this.#isTerminal) this.#over(line);
    else if (said === undefined || said.what !== what || (said.line !== line && performance.now() - said.atMs >= sayEveryMs)) print(line);
    else return;
    this.#said = { what, line, atMs: performance.now() };
  }

  /** What comes next stands below. */
  end(): void {
    if (this.#isTerminal && this.#said !== undefined) print("");
    this.#said = undefined;
  }

  /** A line that did not fit would stay when the next one is shown. A terminal that does not know how wide it is says 0. */
  #over(line: string): void {
    const { columns } = process.stdout;
    cursorTo(process.stdout, 0);
    process.stdout.write(columns > 0 ? line.slice(0, columns - 1) : line);
    clearLine(process.stdout, 1);
  }
}
