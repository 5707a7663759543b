/** The manifests as data: every YAML file of k8s/, and what kubectl would make of a folder of it. */
import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { parseAllDocuments } from "yaml";

export const k8s = new URL("../../k8s/", import.meta.url);

/** Of a manifest only what tests look at is typed; the rest is looked at by the API server. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels?: Labels };
  readonly spec: Record<string, unknown>;
  readonly rules?: readonly unknown[];
  readonly subjects?: readonly Readonly<Record<string, string>>[];
}

export type Labels = Readonly<Record<string, string>>;

export interface Variable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly secretKeyRef?: { readonly name: string; readonly key: string; readonly optional?: boolean };
    readonly fieldRef?: { readonly fieldPath: string };
  };
}

interface Probe {
  readonly httpGet?: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly timeoutSeconds?: number;
  readonly failureThreshold: number;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly imagePullPolicy: string;
  readonly command?: readonly string[];
  readonly env?: readonly Variable[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
  readonly lifecycle?: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
  readonly resources: { readonly requests: Labels; readonly limits: Labels };
  readonly securityContext: Record<string, unknown>;
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

export interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken?: boolean;
  readonly enableServiceLinks?: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: Record<string, unknown>;
  readonly topologySpreadConstraints?: readonly unknown[];
  readonly affinity?: { readonly podAntiAffinity?: unknown };
  readonly containers: readonly Container[];
  readonly volumes?: readonly { readonly name: string; readonly secret?: { readonly secretName: string; readonly defaultMode: number } }[];
}

/** A StatefulSet or a Deployment, and where it is written. */
export interface Workload {
  readonly file: string;
  readonly manifest: Manifest;
  readonly pod: PodSpec;
  readonly labels: Labels;
}

/** Reads YAML; a doubled key or any other fault of form fails. */
export function readYaml(text: string): unknown[] {
  return parseAllDocuments(text).map((document) => {
    assert.deepEqual(document.errors, []);
    assert.deepEqual(document.warnings, []);
    return document.toJS() as unknown;
  });
}

/** Every file of k8s/, by its path from there. */
export function manifestFiles(): ReadonlyMap<string, readonly Manifest[]> {
  const files = globSync("**/*.yaml", { cwd: k8s }).toSorted();
  return new Map(files.map((file) => [file, readYaml(readFileSync(new URL(file, k8s), "utf8")) as Manifest[]]));
}

export function workloads(files: ReadonlyMap<string, readonly Manifest[]>): Workload[] {
  return [...files].flatMap(([file, manifests]) =>
    manifests
      .filter(({ kind }) => kind === "StatefulSet" || kind === "Deployment")
      .map((manifest) => {
        const template = manifest.spec["template"] as { metadata: { labels: Labels }; spec: PodSpec };
        return { file, manifest, pod: template.spec, labels: template.metadata.labels };
      }),
  );
}
