/**
 * A short evening on pods of the test cluster, run in its network: users 7 and 8 play dice while a new release is rolled out and a
 * container is killed. The kubelet's files are kept in POD_LOGS, also of pods that are gone, and with them what the players have told.
 */
import assert from "node:assert/strict";
import { globSync, linkSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type TestContext, test } from "node:test";
import { images, root } from "#tests/cluster/images.ts";
import { Kubectl } from "#tests/cluster/kubectl.ts";
import { Namespace } from "#tests/cluster/namespace.ts";
import { killContainer } from "#tests/cluster/node.ts";
import { until } from "#tests/faults/measure.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import { type Manifest, readYaml } from "#tests/support/manifests.ts";
import { Diary } from "./diary.ts";

const keptIn = process.env["POD_LOGS"] ?? "";
/** The kubelet's folder of logs on the test cluster's node. */
const kubelet = join(dirname(process.env["KUBECONFIG"] ?? ""), "log/pods");
const lookEveryMs = 100;

/** A second name keeps a file when the kubelet takes its own away with the pod. */
function keepFiles(t: TestContext, namespace: string): void {
  const keep = () => {
    for (const file of globSync(`${namespace}_*/*/*.log`, { cwd: kubelet })) {
      const kept = join(keptIn, "var/log/pods", file);
      mkdirSync(dirname(kept), { recursive: true });
      try {
        linkSync(join(kubelet, file), kept);
      } catch {} // it has one already, or is gone since
    }
  };
  const timer = setInterval(keep, lookEveryMs);
  t.after(() => clearInterval(timer));
}

test("an evening on pods, through a rollout and a kill", { timeout: 300_000 }, async (t) => {
  const namespace = await Namespace.create(t, { name: "logs", volumes: 3 });
  keepFiles(t, namespace.name);
  await namespace.install(t, {});
  await namespace.ready();
  await namespace.redis("DEL", "{croupier}:learning");
  const [seven, eight] = [new Diary(7), new Diary(8)];
  for (const diary of [seven, eight]) {
    await diary.comesIn(namespace.entrance);
    await diary.sits("1");
  }
  const bothHear = async (start: string) => Promise.all([seven.hears(start), eight.hears(start)]);
  await seven.shakes();
  await eight.shakes();
  await bothHear("Settlement");
  await namespace.setImage("statefulset/dice", "game", images.nextDealer);
  const [life] = (await namespace.lives()).filter(({ room }) => room === "1");
  await bothHear("Start");
  await seven.shakes();
  for (const pod of await namespace.pods("game=dice")) killContainer(pod);
  await until(
    "its game servers",
    async () => (await namespace.pods("game=dice")).every(({ status }) => status.containerStatuses?.[0]?.ready),
    60_000,
  );
  await eight.shakes();
  await bothHear("Settlement");
  for (const diary of [seven, eight]) {
    await diary.stands();
    await diary.leaves();
  }
  const told = { seven: seven.entries, eight: eight.entries, life: life?.life };
  writeFileSync(join(keptIn, "told.json"), JSON.stringify(told));
  t.diagnostic(JSON.stringify(told));
});

test("[faults §5] the API server takes the manifests of efk/, and the restricted standard the pods of the Jobs", async (t) => {
  const namespace = await Namespace.create(t, { name: "efk" });
  const file = join(root, "efk/fluentd-daemonset-elasticsearch-rbac.yaml");
  t.diagnostic(await new Kubectl().run("apply", "--dry-run=server", "--filename", file));
  const all = readYaml(await new Kubectl().run("kustomize", join(root, "efk"))) as Manifest[];
  const known = all.filter(({ apiVersion }) => !apiVersion.includes("k8s.elastic.co"));
  assert.equal(all.length - known.length, 2, "ECK's own kinds are known to its operator only");
  for (const manifest of known) await tryOut(t, manifest, "default");
  for (const { metadata, spec } of known.filter(({ kind }) => kind === "Job")) {
    const template = spec["template"] as { spec: Record<string, unknown> };
    const pod = { ...template.spec, serviceAccountName: "default" };
    await tryOut(t, { apiVersion: "v1", kind: "Pod", metadata: { name: metadata.name }, spec: pod }, namespace.name);
  }
});

async function tryOut(t: TestContext, manifest: Manifest, namespace: string): Promise<void> {
  const object = join(dataFolder(t), "object.json");
  writeFileSync(object, JSON.stringify({ ...manifest, metadata: { ...manifest.metadata, namespace } }));
  t.diagnostic(await new Kubectl().run("apply", "--dry-run=server", "--filename", object));
}
