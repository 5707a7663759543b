/** One process of a fleet: killed, frozen, and started again where it was. */
import type { TestContext } from "node:test";
import { type Exit, type Run, Server } from "#tests/support/process.ts";

type Environment = Readonly<Record<string, string>>;

interface MemberOptions {
  readonly file: string;
  readonly env: Environment;
  /** Hears of every process that is started. */
  onLaunch?(run: Run): void;
}

export class Member {
  readonly #t: TestContext;
  readonly #options: MemberOptions;
  #process: Run;
  #server: Server;

  private constructor(t: TestContext, options: MemberOptions, process: Run, server: Server) {
    this.#t = t;
    this.#options = options;
    this.#process = process;
    this.#server = server;
  }

  static async start(t: TestContext, options: MemberOptions): Promise<Member> {
    const process = launch(t, options, {});
    return new Member(t, options, process, await Server.ready(process));
  }

  /** The last process that was ready. */
  get server(): Server {
    return this.#server;
  }

  /** The last process that was started, whether it was ever ready or not. */
  get process(): Run {
    return this.#process;
  }

  signal(name: NodeJS.Signals): void {
    this.#process.child.kill(name);
  }

  /** Kills it with -9, and waits until it is gone. */
  kill(): Promise<Exit> {
    this.signal("SIGKILL");
    return this.#process.exited;
  }

  /** Starts it again on its port, with `more` settings. Gives how long the start took, milliseconds. */
  async restart(more: Environment = {}): Promise<number> {
    const startMs = performance.now();
    this.#process = launch(this.#t, this.#options, { PORT: String(this.#server.port), ...more });
    this.#server = await Server.ready(this.#process);
    return performance.now() - startMs;
  }
}

function launch(t: TestContext, { file, env, onLaunch }: MemberOptions, more: Environment): Run {
  const run = Server.launch(t, file, { ...env, ...more });
  onLaunch?.(run);
  return run;
}
