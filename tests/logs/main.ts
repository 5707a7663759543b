/**
 * `npm run test:logs [-- --pods]`: games are played, and their logs are found again in a real Elasticsearch, which the script
 * `../shared/elastic/up` beside the checkout starts (ELASTIC_SCRIPTS names another folder); it is ended again, unless it was there before.
 * On real processes; and on pods, from the kubelet's own files, where the test cluster is up, or with --pods where it can be brought up
 * (tests/cluster/scripts.ts): then that is ended again, too.
 * Without those scripts, or without root, nothing can be found: it says so and ends well, but with NO_SKIPS=1.
 */
import { spawnSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { root } from "#tests/cluster/images.ts";
import { ClusterScripts, runScript, whyNoScripts } from "#tests/cluster/scripts.ts";

const address = "http://127.0.0.1:9200";

async function main(): Promise<number> {
  const { values } = parseArgs({ options: { pods: { type: "boolean", default: false } } });
  const elastic = process.env["ELASTIC_SCRIPTS"] ?? resolve(root, "../shared/elastic");
  const why = whyNoScripts(elastic, "Elasticsearch");
  if (why !== undefined) {
    say(`${process.env["NO_SKIPS"] === "1" ? "FAILED" : "SKIPPED"}, nothing was tested: ${why}`);
    return process.env["NO_SKIPS"] === "1" ? 1 : 0;
  }
  const wasUp = await answers();
  if (!wasUp) runScript(join(elastic, "up"));
  const pods = mkdtempSync(join(tmpdir(), "croupier-pods-"));
  try {
    const played = await playOnPods(values.pods, pods);
    const env = { ...process.env, ELASTIC_URL: address, ...(played && { POD_LOGS: pods }) };
    const files = globSync("tests/logs/*.logs.ts", { cwd: root }).toSorted();
    return spawnSync(process.execPath, ["--test", "--test-concurrency=1", ...files], { cwd: root, stdio: "inherit", env }).status ?? 1;
  } finally {
    rmSync(pods, { recursive: true });
    if (!wasUp) runScript(join(elastic, "down"));
  }
}

/** In the cluster's network, from which this machine's Elasticsearch cannot be reached: only the files come out of it. */
async function playOnPods(isAskedFor: boolean, folder: string): Promise<boolean> {
  const cluster = ClusterScripts.find();
  const why = typeof cluster === "string" ? cluster : "the test cluster is not up.";
  const wasUp = typeof cluster !== "string" && cluster.isUp;
  if (typeof cluster === "string" || !(wasUp || isAskedFor)) {
    say(`not on pods: ${why}`);
    return false;
  }
  if (!wasUp) cluster.run("up");
  try {
    await cluster.build("gate", "game", "nextGame", "dealer", "nextDealer", "redis");
    const status = cluster.inside([process.execPath, "--test", "tests/logs/play_on_pods.ts"], "inherit", { POD_LOGS: folder });
    if (status !== 0) throw new Error("the games on pods have failed");
    return true;
  } finally {
    if (!wasUp) cluster.run("down");
  }
}

async function answers(): Promise<boolean> {
  try {
    return (await fetch(`${address}/_cluster/health`)).ok;
  } catch {
    return false;
  }
}

function say(text: string): void {
  process.stdout.write(`test:logs: ${text}\n`);
}

process.exitCode = await main();
