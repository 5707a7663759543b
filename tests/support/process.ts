/**
 * Real processes for tests: started with Node itself, never through npm, on free ports;
 * ended with the test, whatever happened; and none of them may have said a secret, or what is in no list of the log.
 */
import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { TestContext } from "node:test";
import type { LogEvent } from "#runtime/log.ts";
import { endWith } from "./endings.ts";
import { faultsIn } from "./log_faults.ts";
import { says } from "./said.ts";
import { keepLog, leaksIn, secretsOf } from "./secrets.ts";

const root = new URL("../../", import.meta.url).pathname;
const startTimeoutMs = 20_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** One of our servers, started and ready. */
export class Server {
  readonly port: number;
  readonly adminPort: number;
  readonly #run: Run;

  private constructor(run: Run, port: number, adminPort: number) {
    this.#run = run;
    this.port = port;
    this.adminPort = adminPort;
  }

  /** Starts `file` with port 0 everywhere and waits until it says that it is ready. */
  static start(t: TestContext, file: string, env: Record<string, string> = {}): Promise<Server> {
    return Server.ready(Server.launch(t, file, env));
  }

  /** Starts `file` with port 0 everywhere. */
  static launch(t: TestContext, file: string, env: Record<string, string> = {}): Run {
    const journal = env["DATA_DIR"] === undefined ? { JOURNAL: "memory" } : {};
    return start(t, [file], { PORT: "0", ADMIN_PORT: "0", DRAIN_WINDOW: "0", ...journal, ...env });
  }

  /** Waits until it says that it is ready. */
  static async ready(run: Run): Promise<Server> {
    const ready = await run.until(says("ready"));
    const { "url.port": port, "admin.port": adminPort } = JSON.parse(ready) as { "url.port": number; "admin.port": number };
    return new Server(run, port, adminPort);
  }

  get lines(): readonly string[] {
    return this.#run.lines;
  }

  get errors(): string {
    return this.#run.errors;
  }

  get exited(): Promise<Exit> {
    return this.#run.exited;
  }

  get pid(): number {
    return this.#run.child.pid ?? 0;
  }

  signal(name: NodeJS.Signals): void {
    this.#run.child.kill(name);
  }

  /** Nobody reads what it says, from now on: its next line has no reader. */
  closeOutput(): void {
    this.#run.child.stdout?.destroy();
  }

  /** Waits for a log line of this event. */
  logged(event: LogEvent): Promise<string> {
    return this.#run.until(says(event));
  }

  /** The same, from the `from`th line on. */
  loggedFrom(event: LogEvent, from: number): Promise<string> {
    return this.#run.until(says(event), from);
  }

  /** Asks the admin listener. */
  async admin(path: string, headers: Record<string, string> = {}): Promise<{ status: number; body: string }> {
    const response = await fetch(`http://127.0.0.1:${this.adminPort}${path}`, { headers });
    return { status: response.status, body: await response.text() };
  }
}

/** Any process: its standard output line by line, its standard error as text. */
export class Run {
  readonly child: ChildProcess;
  readonly lines: string[] = [];
  readonly exited: Promise<Exit>;
  errors = "";
  #onLine: (() => void) | undefined;

  constructor(child: ChildProcess) {
    this.child = child;
    this.exited = once(child, "close").then(([code, signal]) => ({ code: code as number | null, signal: signal as NodeJS.Signals | null }));
    void this.exited.then(() => this.#onLine?.());
    if (child.stdout !== null) {
      createInterface({ input: child.stdout }).on("line", (line) => {
        this.lines.push(line);
        this.#onLine?.();
      });
    }
    child.stderr?.on("data", (data: Buffer) => {
      this.errors += data.toString();
    });
  }

  /** All of it. */
  get text(): string {
    return `${this.lines.join("\n")}\n${this.errors}`;
  }

  write(text: string): void {
    this.child.stdin?.write(text);
  }

  /** The first line, from the `from`th on, for which `isSo` holds. */
  async until(isSo: (line: string) => boolean, from = 0, withinMs = startTimeoutMs): Promise<string> {
    const deadline = Date.now() + withinMs;
    for (;;) {
      const line = this.lines.slice(from).find(isSo);
      if (line !== undefined) return line;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onLine = resolve;
      const timer = setTimeout(resolve, Math.max(0, deadline - Date.now()));
      await promise;
      clearTimeout(timer);
      const isOver = Date.now() >= deadline || this.child.exitCode !== null || this.child.signalCode !== null;
      if (isOver && !this.lines.slice(from).some(isSo)) throw new Error(`waited in vain, heard\n${this.lines.join("\n")}\n${this.errors}`);
    }
  }
}

/** Starts Node on a file of this project with nothing in its environment but PATH and `env`. */
export function start(t: TestContext, args: readonly string[], env: Record<string, string> = {}): Run {
  return spawnRun(t, process.execPath, args, env);
}

interface Spawning {
  /** It is meant to show a token, to a person at a terminal. */
  showsToken?: boolean;
}

export function spawnRun(
  t: TestContext,
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
  { showsToken = false }: Spawning = {},
): Run {
  const child = spawn(command, args, { cwd: root, env: { PATH: process.env["PATH"] ?? "", HOME: process.env["HOME"] ?? "", ...env } });
  const run = new Run(child);
  endWith(t, {
    end: async () => {
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL");
      await run.exited;
    },
    judge: () => {
      if (showsToken) return;
      const secrets = secretsOf(env);
      keepLog(args[0] ?? command, run.text, secrets);
      assert.deepEqual(faultsIn(run.lines).slice(0, 10), []);
      assert.deepEqual(leaksIn(run.text, secrets), [], `${args[0]} has said a secret`);
    },
  });
  return run;
}
