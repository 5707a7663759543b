/**
 * The manifests keep the cluster checklist (faults §5) and the names people type (rules §6).
 * Read as files; what kubectl makes of the folders is compared where there is a kubectl.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { fileVariableOf } from "#runtime/secret_files.ts";
import { settingRows } from "#runtime/settings.ts";
import { type Container, k8s, type Manifest, manifestFiles, readYaml, type Workload, workloads } from "#tests/support/manifests.ts";
import { skip } from "#tests/support/skip.ts";
import { build, flatFiles } from "./flat.ts";

const files = manifestFiles();
/** Patches are no manifests of their own. */
const whole = new Map([...files].filter(([file]) => !file.startsWith("overlays/")));
const all = workloads(whole);
const ours = all.filter(({ labels }) => labels["app"] !== "redis");
const base = all.filter(({ file }) => file.startsWith("base/"));

function named(kind: string, name: string, file: string): Manifest {
  const found = files.get(file)?.find((manifest) => manifest.kind === kind && manifest.metadata.name === name);
  assert.ok(found, `${kind} ${name} in ${file}`);
  return found;
}

function the<Item>(items: readonly Item[]): Item {
  assert.equal(items.length, 1);
  return items[0] as Item;
}

/** The one container; every pod here has one. */
function containerOf({ pod }: Workload): Container {
  return the(pod.containers);
}

function envOf(workload: Workload): ReadonlyMap<string, NonNullable<Container["env"]>[number]> {
  return new Map((containerOf(workload).env ?? []).map((variable) => [variable.name, variable]));
}

function built(t: TestContext, folder: string): Manifest[] | undefined {
  const text = build(folder);
  if (text === undefined) skip(t, "neither kubectl nor kustomize here: flat files and overlays are not compared");
  return text === undefined ? undefined : (readYaml(text) as Manifest[]);
}

test("[faults §5] base has the gates, the game servers and Redis; the flat files have them again", () => {
  const sets = all.map(({ file, manifest }) => `${file} ${manifest.kind} ${manifest.metadata.name}`);
  assert.deepEqual(sets, [
    "base/game_server/statefulset.yaml StatefulSet dice",
    "base/gate/deployment.yaml Deployment gate",
    "base/redis/statefulset.yaml StatefulSet redis",
    "dice-ab.yaml StatefulSet dice-a",
    "dice-ab.yaml StatefulSet dice-b",
    "dice-ab.yaml StatefulSet redis",
    "dice.yaml StatefulSet dice",
    "dice.yaml StatefulSet redis",
    "gate.yaml Deployment gate",
  ]);
});

for (const workload of all) {
  const { file, manifest, pod } = workload;
  const name = `${file} ${manifest.metadata.name}`;

  test(`[faults §5] ${name}: restricted pod security, a read-only root, no rights`, () => {
    const { runAsUser, runAsGroup, fsGroup, ...others } = pod.securityContext;
    delete others["fsGroupChangePolicy"];
    assert.deepEqual(others, { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } });
    assert.equal(runAsUser, workload.labels["app"] === "redis" ? 999 : 10001);
    assert.deepEqual([runAsGroup, fsGroup], [runAsUser, runAsUser]);
    assert.deepEqual(containerOf(workload).securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  test(`[faults §5] ${name}: a limit of memory, none of the processor, an image by its tag`, () => {
    const { resources, image, imagePullPolicy } = containerOf(workload);
    assert.deepEqual(Object.keys(resources.limits), ["memory"]);
    assert.deepEqual(Object.keys(resources.requests), ["cpu", "memory"]);
    assert.match(image, /:[0-9]+(\.[0-9]+)*$/);
    assert.equal(imagePullPolicy, "IfNotPresent");
  });

  test(`[faults §5] ${name}: three probes with three meanings`, () => {
    const { startupProbe, readinessProbe, livenessProbe } = containerOf(workload);
    if (workload.labels["app"] !== "redis") {
      assert.deepEqual(readinessProbe.httpGet, { path: "/readyz", port: "admin" });
      for (const probe of [startupProbe, livenessProbe]) assert.deepEqual(probe.httpGet, { path: "/livez", port: "admin" });
    }
    const patience = ({ periodSeconds, failureThreshold }: typeof readinessProbe): number => periodSeconds * failureThreshold;
    assert.equal(startupProbe.periodSeconds, 1, "a rollout waits for it");
    assert.ok(patience(readinessProbe) <= 4, "new work goes elsewhere soon");
    assert.ok(patience(livenessProbe) >= 60, "killing is the last resort");
  });

  test(`[faults §5] ${name}: every variable is a setting, and none has a name that Kubernetes injects`, () => {
    const settings = new Set<string>(Object.values(settingRows).map(({ env }) => env));
    const variables = [...envOf(workload).values()];
    const within = `${variables.map(({ value }) => value).join(" ")} ${containerOf(workload).command?.join(" ")}`;
    for (const { name: variable } of variables) {
      assert.doesNotMatch(variable, /^(GATE|DICE)_|^REDIS_PORT/);
      const isOfRedis = workload.labels["app"] === "redis" && variable === "REDISCLI_AUTH";
      assert.ok(settings.has(variable) || within.includes(`$(${variable})`) || isOfRedis, `${variable} is no setting`);
    }
  });
}

for (const workload of ours) {
  const name = `${workload.file} ${workload.manifest.metadata.name}`;

  test(`[F7] ${name}: preStop drains, the grace period holds it and the second signal`, () => {
    const { command } = containerOf(workload).lifecycle?.preStop.exec ?? { command: [] };
    assert.deepEqual(command, ["node", "runtime/pre_stop.ts"]);
    assert.ok(existsSync(new URL(`../${command[1]}`, k8s)), "the script is in the image");
    assert.equal(workload.pod.terminationGracePeriodSeconds, 150);
  });

  test(`[faults §5] ${name}: two pods are kept apart where they can be`, () => {
    assert.equal(workload.pod.topologySpreadConstraints?.length, 1);
    assert.ok(workload.pod.affinity?.podAntiAffinity);
  });

  test(`[faults §5] ${name}: the fleet comes from Kubernetes, the directory from Redis`, () => {
    const env = envOf(workload);
    assert.equal(env.get("FLEET")?.value, "kubernetes");
    assert.match(env.get("REDIS_URL")?.value ?? "", /^redis:\/\/(:\$\(REDIS_PASSWORD\)@)?redis:6379$/);
    if (workload.labels["app"] === "game_server")
      assert.equal(env.get("ADVERTISE")?.valueFrom?.fieldRef?.fieldPath, "status.podIP", "an address outlives a name");
  });
}

test("[faults §5] base: production, keys by reference, a previous one for the time of a rotation", () => {
  for (const workload of base.filter(({ labels }) => labels["app"] !== "redis")) {
    const env = envOf(workload);
    const secret = (variable: string) => env.get(variable)?.valueFrom?.secretKeyRef;
    assert.equal(env.get("ENV")?.value, "prod");
    assert.deepEqual(secret("JWT_KEY"), { name: "jwt", key: "key" });
    assert.deepEqual(secret("JWT_KEY_PREVIOUS"), { name: "jwt", key: "previous", optional: true });
    assert.deepEqual(secret("LINK_KEY"), { name: "link", key: "key" });
    assert.deepEqual(secret("LINK_KEY_PREVIOUS"), { name: "link", key: "previous", optional: true });
    assert.deepEqual(secret("ADMIN_TOKEN"), { name: "admin", key: "token" });
    assert.deepEqual(secret("ADMIN_READ_TOKEN"), { name: "admin", key: "read", optional: true });
    assert.deepEqual(secret("REDIS_PASSWORD"), { name: "redis", key: "password" });
  }
  for (const manifests of files.values()) assert.ok(!manifests.some(({ kind }) => kind === "Secret"), "no secret is written down");
});

test("[P2] Redis forgets nothing it has acknowledged, on a volume of its own", () => {
  for (const workload of all.filter(({ labels }) => labels["app"] === "redis")) {
    const words = containerOf(workload).command?.join(" ") ?? "";
    assert.match(words, /^redis-server /, "no shell and no script before it");
    for (const setting of ["--appendonly yes", "--appendfsync always", "--maxmemory-policy noeviction", "--dir /data"])
      assert.ok(words.includes(setting), setting);
    assert.deepEqual(containerOf(workload).volumeMounts, [{ name: "data", mountPath: "/data" }]);
    const claims = workload.manifest.spec["volumeClaimTemplates"] as Manifest[];
    assert.deepEqual(
      claims.map(({ metadata }) => metadata.name),
      ["data"],
    );
  }
});

test("[faults §5] Redis has no token; gates and game servers read EndpointSlices in their namespace, nothing else", () => {
  const redis = base.find(({ labels }) => labels["app"] === "redis");
  assert.equal(redis?.pod.serviceAccountName, "redis");
  assert.equal(redis?.pod.automountServiceAccountToken, false);
  for (const name of ["gate", "dice"]) {
    const file = `base/${name}/rbac.yaml`;
    named("ServiceAccount", name, file);
    assert.deepEqual(named("Role", name, file).rules, [
      { apiGroups: ["discovery.k8s.io"], resources: ["endpointslices"], verbs: ["get", "list", "watch"] },
    ]);
    assert.deepEqual(named("RoleBinding", name, file).subjects, [{ kind: "ServiceAccount", name }]);
  }
  const kinds = [...files.values()].flat().map(({ kind }) => kind);
  assert.ok(!kinds.some((kind) => /^ClusterRole/.test(kind ?? "")));
});

test("[faults §5] a PodDisruptionBudget for gates and one for game servers, which no broken pod can block", () => {
  for (const [name, selector] of [
    ["gate", { app: "gate" }],
    ["dice", { game: "dice" }],
  ] as const) {
    const { spec } = named("PodDisruptionBudget", name, `base/${name}/disruption.yaml`);
    assert.deepEqual(spec, { maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow", selector: { matchLabels: selector } });
  }
});

test("[rules §6] the names, ports and containers that published commands name", () => {
  for (const [file, sets] of [
    ["base/game_server/statefulset.yaml", ["dice"]],
    ["dice.yaml", ["dice"]],
    ["dice-ab.yaml", ["dice-a", "dice-b"]],
  ] as const) {
    for (const name of sets) {
      const workload = the(all.filter((candidate) => candidate.file === file && candidate.manifest.metadata.name === name));
      const { spec } = workload.manifest;
      assert.equal(containerOf(workload).name, "game");
      assert.equal(spec["serviceName"], "dice");
      assert.equal(spec["replicas"], name === "dice-b" ? 0 : 2);
      assert.equal(spec["podManagementPolicy"], "Parallel");
      assert.deepEqual(spec["updateStrategy"], { type: "RollingUpdate", rollingUpdate: { partition: 0 } });
      assert.deepEqual(containerOf(workload).volumeMounts, [{ name: "work", mountPath: "/work" }]);
      const claim = the(spec["volumeClaimTemplates"] as Manifest[]);
      assert.equal(claim.metadata.name, "work");
      assert.deepEqual(claim.spec, { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } });
      const group = /dice-(.)/.exec(name)?.[1];
      assert.equal(workload.labels["game"], "dice");
      assert.equal(workload.labels["group"], group);
    }
  }
  for (const file of ["base/gate/deployment.yaml", "gate.yaml"]) {
    const workload = the(all.filter((candidate) => candidate.file === file));
    const { spec } = workload.manifest;
    assert.equal(workload.manifest.metadata.name, "gate");
    assert.equal(containerOf(workload).name, "gate");
    assert.equal(workload.pod.enableServiceLinks, true);
    assert.equal(spec["replicas"], 2);
    assert.deepEqual(spec["strategy"], { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: "100%" } });
    assert.deepEqual(envOf(workload).get("JWT_KEY")?.valueFrom?.secretKeyRef, { name: "jwt", key: "key" });
  }
});

test("[rules §6] Service dice is headless, Service gate a load balancer; each finds its pods' ports", () => {
  for (const [file, selector] of [
    ["base/dice/service.yaml", { game: "dice" }],
    ["dice.yaml", { game: "dice" }],
    ["dice-ab.yaml", { game: "dice", group: "a" }],
  ] as const) {
    const { spec } = named("Service", "dice", file);
    assert.deepEqual(spec, { clusterIP: "None", selector, ports: [{ name: "link", port: 60001, targetPort: "link" }] });
  }
  for (const file of ["base/gate/service.yaml", "gate.yaml"]) {
    const { spec } = named("Service", "gate", file);
    assert.equal(spec["type"], "LoadBalancer");
    assert.deepEqual(spec["ports"], [{ name: "players", port: 60006, targetPort: "players" }]);
  }
  for (const workload of ours) {
    const ports = Object.fromEntries(containerOf(workload).ports.map(({ name, containerPort }) => [name, containerPort]));
    const expected = workload.labels["app"] === "gate" ? { players: 60006, admin: 60009 } : { link: 60001, admin: 60009 };
    assert.deepEqual(ports, expected);
  }
});

test("[rules §6] the flat files are for development: no secret but gates' jwt, a token and an address for probes", () => {
  for (const workload of ours.filter(({ file }) => !file.startsWith("base/"))) {
    const env = envOf(workload);
    const secrets = [...env.values()].flatMap(({ valueFrom }) => valueFrom?.secretKeyRef ?? []);
    assert.deepEqual(secrets, workload.labels["app"] === "gate" ? [{ name: "jwt", key: "key" }] : []);
    assert.equal(env.has("ENV"), false);
    assert.equal(env.get("ADMIN_HOST")?.value, "::", "the kubelet does not ask over loopback");
    assert.equal(env.get("ADMIN_TOKEN")?.value, "development", "preStop needs one beyond loopback");
  }
});

for (const [file, { folder }] of Object.entries(flatFiles)) {
  test(`${file} is what kubectl makes of its folder`, (t) => {
    const manifests = built(t, folder);
    if (manifests !== undefined) assert.deepEqual(files.get(file), manifests, "run: npm run manifests");
  });
}

test("the overlay single-replica is base with one game server that parks", (t) => {
  const [one, two] = ["overlays/single-replica", "base"].map((folder) => built(t, folder));
  if (one === undefined || two === undefined) return;
  const dice = ({ kind, metadata }: Manifest) => kind === "StatefulSet" && metadata.name === "dice";
  assert.deepEqual(
    one.filter((manifest) => !dice(manifest)),
    two.filter((manifest) => !dice(manifest)),
  );
  const single = the(workloads(new Map([["", one.filter(dice)]])));
  assert.equal(single.manifest.spec["replicas"], 1);
  assert.equal(envOf(single).get("PARK")?.value, "on");
});

test("[keys] the overlay key-files is base with its keys and tokens as files of whole Secrets, which the kubelet keeps up to date", (t) => {
  const [files, one] = ["overlays/key-files", "base"].map((folder) => built(t, folder));
  if (files === undefined || one === undefined) return;
  const isOurs = ({ kind, metadata }: Manifest): boolean =>
    kind !== "StatefulSet" && kind !== "Deployment" ? false : metadata.name !== "redis";
  assert.deepEqual(
    files.filter((manifest) => !isOurs(manifest)),
    one.filter((manifest) => !isOurs(manifest)),
  );
  const paths = {
    JWT_KEY: "/keys/jwt/key",
    JWT_KEY_PREVIOUS: "/keys/jwt/previous",
    LINK_KEY: "/keys/link/key",
    LINK_KEY_PREVIOUS: "/keys/link/previous",
    ADMIN_TOKEN: "/keys/admin/token",
  };
  const workloadsOf = (manifests: readonly Manifest[]): Workload[] => workloads(new Map([["", manifests.filter(isOurs)]]));
  const before = workloadsOf(one);
  for (const [at, workload] of workloadsOf(files).entries()) {
    const [env, envBefore] = [envOf(workload), envOf(before[at] as Workload)];
    const others = [...envBefore.values()].filter(({ name }) => !(name in paths));
    const inFiles = Object.entries(paths).map(([name, value]) => ({ name: fileVariableOf(name), value }));
    assert.deepEqual(new Set(env.values()), new Set([...others, ...inFiles]));
    const { volumeMounts = [] } = containerOf(workload);
    for (const [name, path] of Object.entries(paths)) {
      const [, folder = "", file] = /^(.*)\/([^/]+)$/.exec(path) ?? [];
      const mount = volumeMounts.find(({ mountPath }) => mountPath === folder);
      assert.deepEqual(mount, { name: mount?.name, mountPath: folder, readOnly: true }, "no subPath: such a file stays what it was");
      const volume = workload.pod.volumes?.find((candidate) => candidate.name === mount?.name);
      const secret = envBefore.get(name)?.valueFrom?.secretKeyRef;
      assert.deepEqual([volume?.secret, file], [{ secretName: secret?.name, defaultMode: 0o440 }, secret?.key], name);
    }
  }
});

test("[rules §6] the overlay ab is base with two StatefulSets for one, and a Service for group a", (t) => {
  const [ab, one] = ["overlays/ab", "base"].map((folder) => built(t, folder));
  if (ab === undefined || one === undefined) return;
  const differs = ({ kind, metadata }: Manifest) => metadata.name.startsWith("dice") && (kind === "StatefulSet" || kind === "Service");
  assert.deepEqual(
    ab.filter((manifest) => !differs(manifest)),
    one.filter((manifest) => !differs(manifest)),
  );
  const flat = new Map((files.get("dice-ab.yaml") ?? []).map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, manifest]));
  for (const manifest of ab.filter(differs)) {
    const same = flat.get(`${manifest.kind} ${manifest.metadata.name}`);
    assert.deepEqual(manifest.spec["selector"], same?.spec["selector"]);
    assert.deepEqual(manifest.spec["replicas"], same?.spec["replicas"]);
  }
});

test("every folder is a kustomization whose parts exist, and only namespaces of the whole are named", () => {
  for (const [file, [kustomization]] of files) {
    if (!file.endsWith("kustomization.yaml")) continue;
    const { resources = [], components = [], namespace } = kustomization as unknown as Record<string, string[] | undefined>;
    const here = new URL(file, k8s);
    for (const part of [...(resources as string[]), ...(components as string[])]) {
      const path = part.endsWith(".yaml") ? part : `${part}/kustomization.yaml`;
      assert.ok(existsSync(new URL(path, here)), `${file}: ${part}`);
    }
    const isWhole = ["base/kustomization.yaml", "overlays/ab/kustomization.yaml"].includes(file);
    assert.equal(namespace, isWhole ? "croupier" : undefined, file);
  }
  const labels = named("Namespace", "croupier", "base/namespace/namespace.yaml").metadata.labels;
  assert.equal(labels?.["pod-security.kubernetes.io/enforce"], "restricted");
});

test("every file is read by somebody: a kustomization, or a person", () => {
  const kustomizations = [...files.keys()].filter((file) => file.endsWith("kustomization.yaml"));
  const mentioned = kustomizations.flatMap((file) => {
    const text = readFileSync(new URL(file, k8s), "utf8");
    return [...text.matchAll(/\b[a-z_]+\.yaml\b/g)].map(([name]) => new URL(name, new URL(file, k8s)).href);
  });
  const forPeople = [...Object.keys(flatFiles), "ingress.yaml"];
  for (const file of files.keys())
    assert.ok(kustomizations.includes(file) || forPeople.includes(file) || mentioned.includes(new URL(file, k8s).href), file);
});
