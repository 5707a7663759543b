/** kubectl as an operator runs it: his configuration names the namespace, so commands read as they are documented. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);
const outputBytesMax = 64 * 1024 * 1024;

/** What every object of Kubernetes has. */
export interface KubernetesObject {
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly uid: string;
    readonly deletionTimestamp?: string;
  };
}

export class Kubectl {
  readonly env: NodeJS.ProcessEnv;

  /** `config`: a kubeconfig file; left out, the environment's. */
  constructor(config = process.env["KUBECONFIG"]) {
    this.env = { ...process.env, KUBECONFIG: config };
  }

  /**
   * Gives what it prints.
   * @throws {Error} with what it says when it fails.
   */
  async run(...args: readonly string[]): Promise<string> {
    const { stdout } = await execute("kubectl", args, { env: this.env, maxBuffer: outputBytesMax });
    return stdout;
  }

  async read<Thing>(...args: readonly string[]): Promise<Thing> {
    return JSON.parse(await this.run(...args, "--output=json")) as Thing;
  }

  async list<Thing extends KubernetesObject>(kind: string, ...args: readonly string[]): Promise<Thing[]> {
    return (await this.read<{ items: Thing[] }>("get", kind, ...args)).items;
  }

  async apply(...objects: readonly object[]): Promise<void> {
    const running = execute("kubectl", ["apply", "--filename=-"], { env: this.env });
    running.child.stdin?.end(JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    await running;
  }
}
