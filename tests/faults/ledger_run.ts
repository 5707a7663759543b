/** A ledger on a static fleet of real processes: a gate, and a game server that is killed and started again on the same port and journal. */
import type { TestContext } from "node:test";
import type { Verdict } from "#simulation/verdict.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import { type Run, Server } from "#tests/support/process.ts";
import { type CrowdOptions, Door, LedgerCrowd } from "./ledger_crowd.ts";
import { Member } from "./member.ts";

export class LedgerRun {
  readonly gate: Server;
  readonly folder: string;
  readonly #crowd: LedgerCrowd;
  readonly #member: Member;

  private constructor(folder: string, crowd: LedgerCrowd, member: Member, gate: Server) {
    this.folder = folder;
    this.gate = gate;
    this.#crowd = crowd;
    this.#member = member;
  }

  static async start(t: TestContext, options: CrowdOptions): Promise<LedgerRun> {
    const folder = dataFolder(t);
    const crowd = new LedgerCrowd(t, options);
    const onLaunch = (run: Run): void => crowd.watch(run);
    const member = await Member.start(t, { file: "tests/faults/ledger_server.ts", env: { DATA_DIR: folder }, onLaunch });
    const env = { GAME_SERVERS: `ledger=127.0.0.1:${member.server.port}`, MESSAGES_PER_SECOND: "0" };
    const gateRun = Server.launch(t, "gate_server/main.ts", env);
    crowd.watch(gateRun);
    const gate = await Server.ready(gateRun);
    await gate.logged("link up");
    crowd.doors.add(new Door(gate.port));
    return new LedgerRun(folder, crowd, member, gate);
  }

  get verdict(): Verdict {
    return this.#crowd.verdict;
  }

  get server(): Server {
    return this.#member.server;
  }

  /** The last process that was started, whether it was ever ready or not. */
  get process(): Run {
    return this.#member.process;
  }

  /** Starts the server again where it was; `env` tells it where to die, or which release it is. Gives how long the start took. */
  restart(env: Record<string, string> = {}): Promise<number> {
    return this.#member.restart(env);
  }

  /** No more whims and no more faults: after a while everybody sits, and everything was answered. */
  async end(): Promise<void> {
    await this.#crowd.settle();
    await this.#member.kill(); // the journal is all that is left to read
    this.#crowd.judge([this.folder]);
  }
}
