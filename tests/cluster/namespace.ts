/**
 * A namespace of its own on the test cluster, with the real manifests in it, as production has them: restricted pods,
 * random keys. Only the images are others. When its test is over it is deleted, with its claims.
 */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import type { TestContext } from "node:test";
import type { Life } from "#fleet/directory.ts";
import type { RoomValue } from "#game_server/room_value.ts";
import { storedRooms } from "#tests/faults/ledger_crowd.ts";
import { sleep, until } from "#tests/faults/measure.ts";
import { dataFolder } from "#tests/support/data_folder.ts";
import type { Entrance } from "#tests/support/entrance.ts";
import { secretsOf } from "#tests/support/secrets.ts";
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

interface Space {
  /** What it is called, and a few random digits. */
  readonly name: string;
  /** Of Redis, and of each game server there will ever be. */
  readonly volumes?: number;
}

interface Manifests {
  /** A kustomization's folder. */
  readonly manifests?: string;
  /** Strategic merge patches on top of it. */
  readonly patches?: readonly object[];
}

interface Volume extends KubernetesObject {
  readonly spec: { readonly local: { readonly path: string }; readonly claimRef?: { readonly namespace: string; readonly name: string } };
  readonly status: { readonly phase: string };
}

export interface Pod extends KubernetesObject {
  readonly spec: { readonly containers: readonly { readonly image: string }[] };
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
  readonly linkKey = randomBytes(32);
  readonly adminToken = randomBytes(16).toString("hex");
  readonly redisPassword = randomBytes(16).toString("hex");

  private constructor(name: string, kubectl: Kubectl) {
    this.name = name;
    this.kubectl = kubectl;
    this.logs = new PodLogs(join(nodeFolder, "log/pods"), name);
  }

  /** Everything in it is ready. */
  static async open(t: TestContext, { name, volumes = 3, ...manifests }: Space & Manifests): Promise<Namespace> {
    const namespace = await Namespace.create(t, { name, volumes });
    await namespace.install(t, manifests);
    await namespace.ready();
    await namespace.redis("DEL", "{croupier}:learning"); // it is new, and knows nothing: it need not be waited for
    return namespace;
  }

  /** Nothing is in it. */
  static async create(t: TestContext, { name: prefix, volumes = 0 }: Space): Promise<Namespace> {
    await deleteOrphans();
    await until("free volumes", async () => (await freeVolumes()) >= volumes, volumesWithinMs);
    const name = `${prefix}-${randomBytes(3).toString("hex")}`;
    const config = join(dataFolder(t), "config");
    const admin = new Kubectl();
    // Created, not applied: what is applied later would take these labels for left out, and take them away.
    await admin.create({
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

  /** Applies manifests as they are, but for names and images. */
  async install(t: TestContext, { manifests = "k8s/base", patches = [] }: Manifests): Promise<void> {
    await this.#createSecrets();
    await this.kubectl.run("apply", "--kustomize", this.#kustomization(t, manifests, patches));
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

  /** Does something to a workload; gives how long it took until `rollout status` said that it is out, milliseconds. */
  async rollOut(workload: string, ...command: readonly string[]): Promise<number> {
    const startMs = performance.now();
    await this.kubectl.run(...command);
    await this.kubectl.run("rollout", "status", workload, readyWithin);
    return performance.now() - startMs;
  }

  setImage(workload: string, container: string, { name }: { readonly name: string }): Promise<number> {
    return this.rollOut(workload, "set", "image", workload, `${container}=${name}`);
  }

  /** The operator's command line, in a pod. */
  croupier(pod: string, ...words: readonly string[]): Promise<string> {
    return this.kubectl.run("exec", pod, "--", "node", "clients/croupier.ts", ...words);
  }

  pods(selector: string): Promise<Pod[]> {
    return this.kubectl.list<Pod>("pods", `--selector=${selector}`);
  }

  /** Which release each of these pods is, by the tag of its image; but for those that are on their way out. */
  async releases(selector: string): Promise<Record<string, string>> {
    const pods = (await this.pods(selector)).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    return Object.fromEntries(
      pods.map(({ metadata, spec }) => [metadata.name, /:([\d.]+)/.exec(spec.containers[0]?.image ?? "")?.[1] ?? ""]),
    );
  }

  /** The journals there are: the folder on the node, by the pod's name. */
  async journals(): Promise<ReadonlyMap<string, string>> {
    const volumes = await volumesOf();
    const mine = volumes.flatMap(({ spec: { claimRef, local } }) =>
      claimRef?.namespace === this.name ? [[claimRef.name, local.path] as const] : [],
    );
    const theirs = mine.filter(([claim, folder]) => claim.startsWith("work-") && existsSync(join(folder, "journal.sqlite")));
    return new Map(theirs.map(([claim, folder]) => [claim.slice("work-".length), folder]));
  }

  /** The rooms that are not over, of one pod or of all, as the journals have them. */
  async rooms(pod?: string): Promise<RoomValue[]> {
    const journals = [...(await this.journals())].filter(([name]) => pod === undefined || name === pod);
    return journals.flatMap(([, folder]) => storedRooms(folder)).filter(({ isOver }) => !isOver);
  }

  async seatsTaken(game: string): Promise<number> {
    const rooms = (await this.rooms()).filter((room) => room.game === game);
    return rooms.reduce((sum, { seats }) => sum + seats.length, 0);
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
      link: { key: this.linkKey.toString("base64") },
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
    assert.deepEqual(this.logs.leaks(this.#secrets), [], "a container has said a secret");
  }

  get #secrets(): string[] {
    const [JWT_KEY, LINK_KEY] = [this.jwtKey.toString("base64"), this.linkKey.toString("base64")];
    return secretsOf({ JWT_KEY, LINK_KEY, ADMIN_TOKEN: this.adminToken, REDIS_PASSWORD: this.redisPassword });
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
