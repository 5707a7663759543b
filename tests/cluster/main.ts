/**
 * `npm run test:cluster [-- --full] [--built] [--down] [NAME…]`: the end-to-end tests on a real Kubernetes (scripts.ts). It builds
 * the images, gives them to the cluster, and runs the tests in the cluster's network. NAME…: only files whose names have one of these
 * in them; --built: the images are there already.
 * Without those scripts, or without root, nothing can be run: it says so and ends well. The cluster stays up; --down: not if it was not.
 */
import { globSync } from "node:fs";
import { parseArgs } from "node:util";
import { root } from "./images.ts";
import { ClusterScripts } from "./scripts.ts";

const flags = {
  full: { type: "boolean", default: false },
  built: { type: "boolean", default: false },
  down: { type: "boolean", default: false },
} as const;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options: flags, allowPositionals: true });
  const scripts = ClusterScripts.find();
  if (typeof scripts === "string") {
    process.stdout.write(`test:cluster: SKIPPED, nothing was tested: ${scripts}\n`);
    return 0;
  }
  const files = globSync("tests/cluster/*.cluster.ts", { cwd: root })
    .filter((file) => positionals.length === 0 || positionals.some((name) => file.includes(name)))
    .toSorted();
  if (files.length === 0) throw new Error(`no test's file is called ${positionals}`);
  const wasUp = scripts.isUp;
  if (!wasUp) scripts.run("up");
  if (!values.built) await scripts.build();
  const status = scripts.inside(
    [process.execPath, "--test", "--test-concurrency=1", ...files],
    "inherit",
    values.full ? { FULL: "1" } : {},
  );
  if (values.down && !wasUp) scripts.run("down");
  return status;
}

process.exitCode = await main();
