/** The files of efk/, as tests read them. */
import { readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

export const efk = new URL("../../efk/", import.meta.url);

interface ConfigMap {
  readonly kind: string;
  readonly data?: Readonly<Record<string, string>>;
}

export function readText(file: string): string {
  return readFileSync(new URL(file, efk), "utf8");
}

export function readJson<Thing>(file: string): Thing {
  return JSON.parse(readText(file)) as Thing;
}

/** Fluentd's configuration, out of the manifest that is applied. */
export function fluentdConfig(): string {
  const objects = parseAllDocuments(readText("fluentd-daemonset-elasticsearch-rbac.yaml")).map((document) => document.toJS() as ConfigMap);
  const config = objects.find(({ kind, data }) => kind === "ConfigMap" && data?.["fluent.conf"] !== undefined)?.data?.["fluent.conf"];
  if (config === undefined) throw new Error("no fluent.conf in the manifest");
  return config;
}

/** What the DaemonSet's environment has. */
export const fluentdEnv = { NODE_NAME: "node-1", ELASTICSEARCH_PASSWORD: "of a test" };
