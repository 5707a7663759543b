/**
 * Processes that are measured: each on one given core, from the line that says where it listens until it is killed, with the
 * CPU time and the memory that the kernel counts for it.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** Servers share one core; whoever asks them has the others. */
const serverCore = 0;

/** What they are told by `settle`. */
const options = `--expose-gc --import=${new URL("settle.ts", import.meta.url).href}`;

export interface PinnedOptions {
  readonly cwd: string;
  readonly arguments: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Of its output, says that it is ready. */
  readonly isReady: (line: string) => boolean;
}

export class Pinned {
  /** The line that said that it is ready. */
  readonly ready: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, ready: string) {
    this.#child = child;
    this.ready = ready;
  }

  /** Starts Node with these arguments, and waits until it is ready. It does not outlive this process, however that ends. */
  static async start({ cwd, arguments: args, env = {}, isReady }: PinnedOptions): Promise<Pinned> {
    const pinned = ["taskset", "-c", String(serverCore), process.execPath, ...args];
    const child = spawn("setpriv", ["--pdeathsig", "KILL", ...pinned], {
      cwd,
      env: { PATH: process.env["PATH"] ?? "", NODE_ENV: "production", NODE_OPTIONS: options, ...env },
      stdio: ["ignore", "pipe", "inherit"],
    });
    assert.ok(child.stdout);
    const lines = createInterface({ input: child.stdout });
    const ready = await new Promise<string>((resolve, reject) => {
      lines.on("line", (line) => isReady(line) && resolve(line)); // read to the end: a pipe that is full stops its writer
      child.once("close", (code, signal) => reject(new Error(`${args.join(" ")} has ended with ${code ?? signal}`)));
    });
    return new Pinned(child, ready);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isUp(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** CPU microseconds so far, of all its threads. */
  get cpuMicroseconds(): number {
    const tasks = readdirSync(`/proc/${this.pid}/task`);
    const nanoseconds = tasks.map((task) => Number(readFileSync(`/proc/${this.pid}/task/${task}/schedstat`, "utf8").split(" ")[0]));
    return nanoseconds.reduce((sum, each) => sum + each, 0) / 1000;
  }

  /** Of memory, bytes. */
  get residentBytes(): number {
    const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${this.pid}/status`, "utf8")) ?? [];
    return Number(kilobytes) * 1024;
  }

  /** Has it throw away what it does not hold, of its heap. */
  settle(): void {
    this.signal("SIGWINCH");
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (!this.isUp) return;
    const closed = once(this.#child, "close");
    this.#child.kill("SIGKILL");
    await closed;
  }
}
