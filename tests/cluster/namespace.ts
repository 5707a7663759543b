/**
 * A namespace of its own on the test cluster, with the real manifests in it, as production has them: restricted pods,
 * random keys. Only the images are others. When its test is over it is deleted, with its claims.
 */
import { randomBytes } from "node:crypto";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import type { TestContext } from "node:test";
import type { Life } from "#fleet/directory.ts";
import { sleep, until } from "#tests/faults/measure.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import type { Entrance } from "#tests/support/entrance.ts";
import { images, root } from "./images.ts";
import { Kubectl, type KubernetesObject } from "./kubectl.ts";
import { PodLogs } from "./pod_logs.ts";

/** The node's own folder, which the cluster's configuration lies in. */
const nodeFolder = dirname(process.env["KUBECONFIG"] ?? "");
/** The process whose test this namespace is. */
const testLabel = "croupier-test";
const restricted = { "pod-security.kubernetes.io/enforce": "restricted" };
const readyWithin = "--timeout=180s";
const volumesWithinMs = 300_000;

interface NamespaceOptions {
  /** What it is called, and a few random digits. */
  readonly name: string;
  /** A kustomization's folder. */
  readonly manifests?: string;
  /** Strategic merge patches on top of it. */
  readonly patches?: readonly object[];
  /** Of Redis, and of each game server there will ever be. */
  readonly volumes?: number;
}

interface Volume extends KubernetesObject {
  readonly spec: { readonly local: { readonly path: string }; readonly claimRef?: { readonly namespace: string; readonly name: string } };
  readonly status: { readonly phase: string };
}

export interface Pod extends KubernetesObject {
  readonly metadata: KubernetesObject["metadata"] & { readonly deletionTimestamp?: string };
  readonly status: {
    readonly podIP?: string;
    readonly phase: string;
    readonly containerStatuses?: readonly {
      readonly ready: boolean;
      readonly restartCount: number;
      readonly containerID?: string;
      readonly image: string;
    }[];
  };
}

export class Namespace {
  readonly name: string;
  readonly kubectl: Kubectl;
  readonly logs: PodLogs;
  readonly jwtKey = randomBytes(32);
  readonly adminToken = randomBytes(16).toString("hex");
  readonly redisPassword = randomBytes(16).toString("hex");

  private constructor(name: string, kubectl: Kubectl) {
    this.name = name;
    this.kubectl = kubectl;
    this.logs = new PodLogs(join(nodeFolder, "log/pods"), name);
  }

  /** Everything in it is ready. */
  static async open(t: TestContext, { name, manifests = "k8s/base", patches = [], volumes = 3 }: NamespaceOptions): Promise<Namespace> {
    await deleteOrphans();
    await until("free volumes", async () => (await freeVolumes()) >= volumes, volumesWithinMs);
    const namespace = await Namespace.#create(t, `${name}-${randomBytes(3).toString("hex")}`);
    await namespace.#createSecrets();
    await namespace.kubectl.run("apply", "--kustomize", namespace.#kustomization(t, manifests, patches));
    await namespace.ready();
    await namespace.redis("DEL", "{croupier}:learning"); // it is new, and knows nothing: it need not be waited for
    return namespace;
  }

  static async #create(t: TestContext, name: string): Promise<Namespace> {
    const config = join(dataFolder(t), "config");
    const admin = new Kubectl();
    await admin.apply({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { ...restricted, [testLabel]: String(process.pid) } },
    });
    writeFileSync(config, await admin.run("config", "view", "--raw"), { mode: 0o600 });
    const kubectl = new Kubectl(config);
    await kubectl.run("config", "set-context", "--current", `--namespace=${name}`);
    const namespace = new Namespace(name, kubectl);
    t.after(() => namespace.#end(t));
    return namespace;
  }

  /** Where players come in. */
  get entrance(): Exclude<Entrance, number> {
    return { url: `ws://${this.gateHost}:60006`, key: this.jwtKey };
  }

  get gateHost(): string {
    return `gate.${this.name}.svc.cluster.local`;
  }

  /** Waits until everything is. */
  async ready(): Promise<void> {
    const workloads = await this.kubectl.run("get", "statefulsets,deployments", "--output=name");
    for (const workload of workloads.trim().split("\n")) await this.kubectl.run("rollout", "status", workload, readyWithin);
  }

  /** Sets the image of a workload's container; gives how long it took until `rollout status` said that it is out, milliseconds. */
  async setImage(workload: string, container: string, image: { readonly name: string }): Promise<number> {
    const startMs = performance.now();
    await this.kubectl.run("set", "image", workload, `${container}=${image.name}`);
    await this.kubectl.run("rollout", "status", workload, readyWithin);
    return performance.now() - startMs;
  }

  pods(selector: string): Promise<Pod[]> {
    return this.kubectl.list<Pod>("pods", `--selector=${selector}`);
  }

  /** The folders of all journals there are, on the node. */
  async journals(): Promise<string[]> {
    const mine = (await volumesOf()).filter(({ spec }) => spec.claimRef?.namespace === this.name && spec.claimRef.name.startsWith("work-"));
    return mine.map(({ spec }) => spec.local.path);
  }

  /** What the directory knows. */
  async lives(): Promise<Life[]> {
    return ((await this.redis("HVALS", "{croupier}:lives")) as string[]).map((life) => JSON.parse(life) as Life);
  }

  /** Asks Redis. */
  async redis(...command: readonly string[]): Promise<unknown> {
    return JSON.parse(await this.kubectl.run("exec", "redis-0", "--", "redis-cli", "--json", ...command)) as unknown;
  }

  #kustomization(t: TestContext, manifests: string, patches: readonly object[]): string {
    const folder = dataFolder(t);
    const replaced = { "croupier/game_server": images.dealer, "croupier/gate_server": images.gate, redis: images.redis };
    const kustomization = {
      resources: [relative(folder, join(root, manifests))],
      namespace: this.name,
      images: Object.entries(replaced).map(([name, image]) => {
        const [newName, newTag] = image.name.split(":");
        return { name, newName, newTag };
      }),
      patches: patches.map((patch) => ({ patch: JSON.stringify(patch) })),
    };
    writeFileSync(join(folder, "kustomization.yaml"), JSON.stringify(kustomization));
    return folder;
  }

  async #createSecrets(): Promise<void> {
    const secrets = {
      jwt: { key: this.jwtKey.toString("base64") },
      link: { key: randomBytes(32).toString("base64") },
      admin: { token: this.adminToken },
      redis: { password: this.redisPassword },
    };
    for (const [name, stringData] of Object.entries(secrets))
      await this.kubectl.apply({ apiVersion: "v1", kind: "Secret", metadata: { name }, stringData });
  }

  async #end(t: TestContext): Promise<void> {
    this.logs.close();
    if (!t.passed) {
      const folder = mkdtempSync(join(tmpdir(), `${this.name}-`));
      this.logs.save(folder);
      t.diagnostic(`what the containers said is in ${folder}`);
    }
    await deleteNamespace(this.name);
  }
}

/** Namespaces whose test was killed. */
async function deleteOrphans(): Promise<void> {
  const ours = await new Kubectl().list("namespaces", `--selector=${testLabel}`);
  for (const { metadata } of ours) if (!isAlive(Number(metadata.labels?.[testLabel]))) await deleteNamespace(metadata.name);
}

/** Nobody plays there any more: its pods need not be waited for. */
async function deleteNamespace(name: string): Promise<void> {
  const kubectl = new Kubectl();
  await kubectl.run("delete", "namespace", name, "--wait=false");
  await kubectl.run("delete", "pods", "--all", "--force", "--grace-period=0", `--namespace=${name}`);
  await kubectl.run("wait", "--for=delete", `namespace/${name}`, readyWithin);
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function volumesOf(): Promise<Volume[]> {
  return new Kubectl().list<Volume>("persistentvolumes");
}

async function freeVolumes(): Promise<number> {
  await sleep(500);
  return (await volumesOf()).filter(({ status }) => status.phase === "Available").length;
}
