/**
 * The scripts of the test cluster, `../shared/cluster` beside the checkout (CLUSTER_SCRIPTS names another folder): up or not,
 * its network, and images for it.
 */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { images, root } from "./images.ts";

const execute = promisify(execFile);
const megabyte = 1_000_000;

interface Environment {
  readonly [name: string]: string | undefined;
}

export class ClusterScripts {
  readonly #folder: string;
  readonly #env: Environment;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#env = environmentOf(folder);
  }

  /** Or why there are none. */
  static find(): ClusterScripts | string {
    const folder = process.env["CLUSTER_SCRIPTS"] ?? resolve(root, "../shared/cluster");
    return whyNoScripts(folder, "cluster") ?? new ClusterScripts(folder);
  }

  /** Others may be at work in it: then it is left as it is. */
  get isUp(): boolean {
    return this.inside(["kubectl", "get", "--raw", "/readyz"], "ignore") === 0;
  }

  /** Runs a program in the cluster's network; gives its exit code. */
  inside(words: readonly string[], stdio: "inherit" | "ignore", more: Environment = {}): number {
    const [command = "", ...args] = [...(this.#env["INSIDE"] ?? "").split(" "), ...words];
    return spawnSync(command, args, { cwd: root, stdio, env: { ...process.env, ...this.#env, ...more } }).status ?? 1;
  }

  run(name: "up" | "down"): void {
    runScript(join(this.#folder, name));
  }

  /** Builds these images, or all, in the order of `images`. While one is given to the cluster the next one is built. */
  async build(...names: (keyof typeof images)[]): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), "croupier-images-"));
    const startMs = performance.now();
    const chosen = Object.entries(images).filter(([name]) => names.length === 0 || (names as string[]).includes(name));
    let loaded: Promise<unknown> = Promise.resolve();
    try {
      for (const [at, [, { name, options }]] of chosen.entries()) {
        const archive = join(folder, `${at % 2}.tar`);
        await Promise.all([execute(join(this.#folder, "build-image"), [archive, name, root, ...options], { cwd: root }), loaded]);
        say(`docker build ${options.join(" ").replaceAll(root, "")} -t ${name} . (${(statSync(archive).size / megabyte).toFixed(0)} MB)`);
        loaded = execute(join(this.#folder, "load-image"), [archive]);
      }
      await loaded;
    } finally {
      rmSync(folder, { recursive: true });
    }
    say(`${chosen.length} images built and loaded in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
  }
}

/** Why the scripts of this folder cannot bring it up; undefined: they can. */
export function whyNoScripts(folder: string, what: string): string | undefined {
  if (!existsSync(join(folder, "up"))) return `there is no ${what} to be had, ${folder} does not exist.`;
  if (process.getuid?.() !== 0) return "it needs root.";
  return undefined;
}

/** @throws {Error} when it fails. */
export function runScript(script: string): void {
  const { status } = spawnSync(script, { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`${script} has failed`);
}

/** What `env` tells a shell to export. */
function environmentOf(scripts: string): Environment {
  const { stdout } = spawnSync("bash", ["-c", `eval "$("$0/env")" && env -0`, scripts], { encoding: "utf8" });
  return Object.fromEntries(
    stdout
      .split("\0")
      .filter((entry) => /^(KUBECONFIG|PATH|INSIDE)=/.test(entry))
      .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
  );
}

function say(text: string): void {
  process.stdout.write(`test:cluster: ${text}\n`);
}
