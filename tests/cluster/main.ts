/**
 * `npm run test:cluster [-- --full] [--built] [--down] [NAME…]`: the end-to-end tests on a real Kubernetes, which the scripts
 * in `../shared/cluster` beside the checkout bring up (CLUSTER_SCRIPTS names another folder). It builds the images, gives them to
 * the cluster, and runs the tests in the cluster's network. NAME…: only files whose names have one of these in them; --built: the images are there already.
 * Without those scripts, or without root, nothing can be run: it says so and ends well. The cluster stays up; --down: not if it was not.
 */
import { execFile, spawnSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs, promisify } from "node:util";
import { images, root } from "./images.ts";

const execute = promisify(execFile);
const megabyte = 1_000_000;

const flags = {
  full: { type: "boolean", default: false },
  built: { type: "boolean", default: false },
  down: { type: "boolean", default: false },
} as const;

interface Environment {
  readonly [name: string]: string | undefined;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: flags, allowPositionals: true });
  const scripts = process.env["CLUSTER_SCRIPTS"] ?? resolve(root, "../shared/cluster");
  const why = whyNot(scripts);
  if (why !== undefined) {
    say(`SKIPPED, nothing was tested: ${why}`);
    return 0;
  }
  const files = globSync("tests/cluster/*.cluster.ts", { cwd: root })
    .filter((file) => positionals.length === 0 || positionals.some((name) => file.includes(name)))
    .toSorted();
  if (files.length === 0) throw new Error(`no test's file is called ${positionals}`);
  const env = environmentOf(scripts);
  const wasUp = isUp(env);
  if (!wasUp) runScript(scripts, "up");
  if (!values.built) await buildAll(scripts);
  const more = values.full ? { FULL: "1" } : {};
  const status = inside({ ...env, ...more }, [process.execPath, "--test", "--test-concurrency=1", ...files], "inherit");
  if (values.down && !wasUp) runScript(scripts, "down");
  return status;
}

/** Runs a program in the cluster's network; gives its exit code. */
function inside(env: Environment, words: readonly string[], stdio: "inherit" | "ignore"): number {
  const [command = "", ...args] = [...(env["INSIDE"] ?? "").split(" "), ...words];
  return spawnSync(command, args, { cwd: root, stdio, env: { ...process.env, ...env } }).status ?? 1;
}

/** Others may be at work in it: then it is left as it is. */
function isUp(env: Environment): boolean {
  return inside(env, ["kubectl", "get", "--raw", "/readyz"], "ignore") === 0;
}

function whyNot(scripts: string): string | undefined {
  if (!existsSync(join(scripts, "up"))) return `there is no cluster to be had, ${scripts} does not exist.`;
  if (process.getuid?.() !== 0) return "a cluster needs root.";
  return undefined;
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

/** While one image is given to the cluster the next one is built. */
async function buildAll(scripts: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "croupier-images-"));
  const startMs = performance.now();
  let loaded: Promise<unknown> = Promise.resolve();
  try {
    for (const [at, { name, options }] of Object.values(images).entries()) {
      const archive = join(folder, `${at % 2}.tar`);
      await Promise.all([execute(join(scripts, "build-image"), [archive, name, root, ...options], { cwd: root }), loaded]);
      say(`docker build ${options.join(" ").replaceAll(root, "")} -t ${name} . (${(statSync(archive).size / megabyte).toFixed(0)} MB)`);
      loaded = execute(join(scripts, "load-image"), [archive]);
    }
    await loaded;
  } finally {
    rmSync(folder, { recursive: true });
  }
  say(`${Object.keys(images).length} images built and loaded in ${((performance.now() - startMs) / 1000).toFixed(0)} s`);
}

function runScript(scripts: string, name: "up" | "down"): void {
  const { status } = spawnSync(join(scripts, name), { stdio: ["ignore", "ignore", "inherit"] });
  if (status !== 0) throw new Error(`${join(scripts, name)} has failed`);
}

function say(text: string): void {
  process.stdout.write(`test:cluster: ${text}\n`);
}

process.exitCode = await main();
