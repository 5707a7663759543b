/** The manifests of efk/: names that people type, TLS and passwords, rights, what a node gives, and that every file is what it is made of. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv } from "ajv";
import { build } from "#k8s/flat.ts";
import { logFields } from "#runtime/log_fields.ts";
import { efk, fluentdConfig, readJson, readText } from "#tests/logs/efk.ts";
import { templateMapping } from "#tests/logs/elastic.ts";
import { readFluentdConfig, type Section } from "#tests/logs/fluentd_config.ts";
import { translate } from "#tests/logs/kql.ts";
import { questions } from "#tests/logs/questions.ts";
import { asked, namedFields, savedObjects } from "#tests/logs/saved_objects.ts";
import { type PodSpec, readYaml } from "#tests/support/manifests.ts";
import { skip } from "#tests/support/skip.ts";
import { file, ndjson } from "./kibana/objects.ts";

interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: { readonly version: string; readonly template: { readonly spec: Omit<PodSpec, "volumes"> & { volumes: Volume[] } } };
  readonly rules?: readonly unknown[];
  readonly subjects?: readonly unknown[];
  readonly data?: Readonly<Record<string, string>>;
}

interface Volume {
  readonly name: string;
  readonly hostPath?: { readonly path: string };
  readonly secret?: { readonly secretName: string };
}

const fluentdFile = "fluentd-daemonset-elasticsearch-rbac.yaml";
const yamlFiles = globSync("*.yaml", { cwd: efk }).toSorted();
const manifests = new Map(yamlFiles.map((name) => [name, readYaml(readText(name)) as Manifest[]]));

function named(of: string, kind: string, name: string): Manifest {
  return (
    manifests.get(of)?.find((manifest) => manifest.kind === kind && manifest.metadata.name === name) ??
    assert.fail(`${kind} ${name} in ${of}`)
  );
}

function all(sections: readonly Section[]): Section[] {
  return sections.flatMap((section) => [section, ...all(section.sections)]);
}

const output = all(readFluentdConfig(fluentdConfig(), { NODE_NAME: "n", ELASTICSEARCH_PASSWORD: "p" })).find(
  ({ parameters }) => parameters.get("@type") === "elasticsearch",
);

test("[rules §6] the names: one file of Fluentd's in kube-system, Elasticsearch and Kibana 8.15 called quickstart, prefix fluentd", () => {
  assert.ok(yamlFiles.includes(fluentdFile));
  for (const manifest of manifests.get(fluentdFile) ?? []) assert.equal(manifest.metadata.namespace, "kube-system", manifest.kind);
  assert.equal(named(fluentdFile, "DaemonSet", "fluentd").apiVersion, "apps/v1");
  for (const [of, kind] of [
    ["elasticsearch.yaml", "Elasticsearch"],
    ["kibana.yaml", "Kibana"],
  ] as const)
    assert.match(named(of, kind, "quickstart").spec.version, /^8\.15\.\d+$/);
  assert.equal(output?.parameters.get("logstash_prefix"), "fluentd");
  assert.ok(readText("README.md").includes("kubectl port-forward service/quickstart-kb-http 5601"));
});

test("[logs] TLS with ECK's CA, and a password that only a Secret knows", () => {
  const { parameters } = output ?? assert.fail("no output");
  assert.equal(parameters.get("scheme"), "https");
  assert.equal(parameters.get("ca_file"), "/etc/fluentd/elasticsearch/ca.crt");
  assert.equal(parameters.get("ssl_verify"), undefined, "on unless it is said otherwise");
  for (const name of globSync("**/*.{yaml,json,sh,ndjson}", { cwd: efk })) {
    const text = readText(name);
    assert.doesNotMatch(text, /ssl_verify|insecure|--insecure| -k https|verification_mode/, name);
    assert.doesNotMatch(text, /^\s*password\s+[^"\s]/m, name);
    assert.doesNotMatch(text, /password: ["']?[A-Za-z0-9+/]{8,}/, name);
  }
  assert.match(fluentdConfig(), /password "#\{ENV\['ELASTICSEARCH_PASSWORD'\]\}"/);
  assert.equal(named(fluentdFile, "Secret", "fluentd-elasticsearch").data, undefined, "no secret is written down");
});

test("[logs] Fluentd has no rights and no token; the Job may read and fill one Secret", () => {
  const { spec } = named(fluentdFile, "DaemonSet", "fluentd").spec.template;
  assert.equal(spec.automountServiceAccountToken, false);
  const all = [...manifests.values()].flat();
  assert.ok(!all.some(({ kind }) => kind.startsWith("ClusterRole")));
  const rule = { apiGroups: [""], resources: ["secrets"], resourceNames: ["fluentd-elasticsearch"], verbs: ["get", "patch"] };
  assert.deepEqual(
    all.filter(({ kind }) => kind === "Role").flatMap(({ rules }) => rules),
    [rule],
  );
  assert.deepEqual(named(fluentdFile, "RoleBinding", "fluentd-elasticsearch").subjects, [
    { kind: "ServiceAccount", name: "elasticsearch-setup", namespace: "default" },
  ]);
  assert.deepEqual(readJson("fluentd-role.json"), {
    cluster: [],
    indices: [{ names: ["fluentd-*"], privileges: ["create_doc", "auto_configure"] }],
  });
});

test("[logs][P7] of the node Fluentd reads logs, and writes in a folder of its own; its buffer ends, and what then happens is said", () => {
  const { spec } = named(fluentdFile, "DaemonSet", "fluentd").spec.template;
  const [container] = spec.containers;
  const mounts = container?.volumeMounts as readonly { name: string; readOnly?: boolean }[];
  const ofNode = spec.volumes.filter(({ hostPath }) => hostPath !== undefined);
  assert.deepEqual(
    ofNode.map(({ name, hostPath }) => [hostPath?.path, mounts.find((mount) => mount.name === name)?.readOnly ?? false]),
    [
      ["/var/log/pods", true],
      ["/var/lib/fluentd", false],
    ],
  );
  assert.match(container?.image ?? "", /:v[\d.]+-debian-elasticsearch8-[\d.]+$/);
  assert.deepEqual(container?.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  assert.deepEqual(Object.keys(container?.resources.limits ?? {}), ["memory"]);
  const buffer = output?.sections.find(({ name }) => name === "buffer")?.parameters;
  assert.deepEqual(
    ["@type", "total_limit_size", "overflow_action", "retry_forever"].map((name) => buffer?.get(name)),
    ["file", "512m", "block", "true"],
  );
});

for (const name of ["elasticsearch-setup", "kibana-setup"]) {
  test(`[logs] the Job ${name} is of the restricted standard`, () => {
    const { spec } = named("setup.yaml", "Job", name).spec.template;
    const { runAsNonRoot, seccompProfile } = spec.securityContext;
    assert.deepEqual([runAsNonRoot, seccompProfile], [true, { type: "RuntimeDefault" }]);
    const [container] = spec.containers;
    assert.deepEqual(container?.securityContext, {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
    assert.match(container?.image ?? "", /:8\.15\.\d+$/);
    assert.equal(spec.automountServiceAccountToken, name === "elasticsearch-setup");
  });
}

test("[logs] what kubectl applies brings the files as they are", (t) => {
  const text = build(efk.pathname);
  if (text === undefined) return skip(t, "neither kubectl nor kustomize here");
  const maps = (readYaml(text) as Manifest[]).filter(({ kind }) => kind === "ConfigMap");
  const files = maps.flatMap(({ data }) => Object.entries(data ?? {}));
  assert.deepEqual(files.map(([name]) => name).toSorted(), [
    "croupier.ndjson",
    "elasticsearch_setup.sh",
    "fluentd-role.json",
    "index-template.json",
    "kibana_setup.sh",
    "retention-policy.json",
    "retention.json",
  ]);
  for (const [name, data] of files) assert.equal(data, readText(name === "croupier.ndjson" ? `kibana/${name}` : name), name);
});

test("[logs] the template has every field of our lines with the type that the list says, and what Fluentd adds", () => {
  for (const [field, { type }] of Object.entries(logFields)) assert.equal(templateMapping.typeOf(field), type, field);
  const added = [...templateMapping.fields.keys()].filter((field) => !(field in logFields));
  assert.deepEqual(added.toSorted(), [
    "event.created",
    "kubernetes.container_name",
    "kubernetes.host",
    "kubernetes.namespace_name",
    "kubernetes.pod_id",
    "kubernetes.pod_name",
    "kubernetes.restarts",
    "stream",
  ]);
});

test("[logs] retention is not in the index template, but for the name of what brings it, which may be missing", () => {
  const template = readJson<{ composed_of: string[]; ignore_missing_component_templates: string[] }>("index-template.json");
  assert.deepEqual(template.composed_of, ["fluentd-retention"]);
  assert.deepEqual(template.ignore_missing_component_templates, template.composed_of);
  assert.doesNotMatch(JSON.stringify(readJson<{ template: object }>("index-template.json").template), /lifecycle/);
});

test("[logs] Kibana's objects are what objects.ts says", () => {
  assert.equal(readFileSync(file, "utf8"), ndjson(), "run: npm run kibana");
});

test("[logs] every object that Kibana's objects refer to is among them, in one file", () => {
  const there = new Set(savedObjects.map(({ type, id }) => `${type} ${id}`));
  for (const { references } of savedObjects) for (const { type, id } of references) assert.ok(there.has(`${type} ${id}`), id);
  const shape = { type: "object", required: ["type", "id", "attributes", "references", "coreMigrationVersion", "typeMigrationVersion"] };
  const isObject = new Ajv().compile(shape);
  for (const object of savedObjects) assert.ok(isObject(object), object.id);
});

test("[logs] every field that they name is in the template, and every query of theirs and of the README is understood", () => {
  for (const field of namedFields) assert.doesNotThrow(() => templateMapping.typeOf(field), field);
  assert.ok(questions.length >= 12);
  for (const { by, kql } of [...asked, ...questions]) assert.doesNotThrow(() => translate(kql, templateMapping), by);
});
