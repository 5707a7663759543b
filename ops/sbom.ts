/**
 * `npm run sbom`: what a release is made of, as CycloneDX on standard output: every package of the lockfile that
 * `npm ci --omit=dev` installs, with its checksum and licence, who needs whom, and Node itself. npm lists them; asked to leave out what is
 * for development, it also leaves out what is for both (11.19), so that is done here. The same lockfile gives the same bytes.
 */
import { spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
}

interface Bom {
  readonly metadata: { readonly component: Component } & Record<string, unknown>;
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly version?: string; readonly dev?: boolean; readonly name?: string }>>;
}

interface Package {
  readonly name: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, "..");
const listing = ["sbom", "--sbom-format", "cyclonedx", "--sbom-type", "application", "--package-lock-only"];

export function sbom(): string {
  const { metadata, components, dependencies, ...bom } = listed();
  const about = read<Package>("package.json");
  const node = about.devDependencies["node"] ?? "";
  const own = metadata.component["bom-ref"];
  const kept = new Set([own, ...forProduction().map(({ name, version }) => `${name}@${version}`)]);
  const direct = new Set(Object.keys(about.dependencies));
  const isNeeded = (ref: string, by: string): boolean => kept.has(ref) && (by !== own || direct.has(ref.slice(0, ref.lastIndexOf("@"))));
  const contents = {
    components: [...components.filter((one) => kept.has(one["bom-ref"])), nodeComponent(node)].toSorted(byRef),
    dependencies: dependencies
      .filter(({ ref }) => kept.has(ref))
      .map(({ ref, dependsOn }) => ({ ref, dependsOn: dependsOn.filter((other) => isNeeded(other, ref)).toSorted() }))
      .toSorted((a, b) => compare(a.ref, b.ref)),
  };
  const component = { ...metadata.component, name: about.name };
  return `${JSON.stringify({ ...bom, serialNumber: serialOf(contents), metadata: { component }, ...contents }, undefined, 2)}\n`;
}

/** What `npm ci --omit=dev` installs. */
function forProduction(): { name: string; version: string }[] {
  const installed = Object.entries(read<Lockfile>("package-lock.json").packages).filter(([path, { dev }]) => path !== "" && !dev);
  return installed.map(([path, { name, version = "" }]) => ({ name: name ?? path.replace(/^.*node_modules\//, ""), version }));
}

function listed(): Bom & Record<string, unknown> {
  const { stdout, stderr, status } = spawnSync("npm", listing, { cwd: root, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 });
  if (status !== 0) throw new Error(`npm sbom has failed: ${stderr}`);
  return JSON.parse(stdout) as Bom & Record<string, unknown>;
}

/** The images' own, of the version that package.json names. */
function nodeComponent(version: string): Component & { readonly type: string; readonly purl: string } {
  return { "bom-ref": `node@${version}`, type: "platform", name: "node", version, purl: `pkg:generic/node@${version}` };
}

/** The same contents have the same one. */
function serialOf(contents: object): string {
  const [, ...parts] = /^(.{8})(.{4}).(.{3}).(.{3})(.{12})/.exec(hash("sha256", JSON.stringify(contents))) ?? [];
  const [first, second, third, fourth, fifth] = parts;
  return `urn:uuid:${first}-${second}-8${third}-8${fourth}-${fifth}`;
}

function read<Content>(file: string): Content {
  return JSON.parse(readFileSync(join(root, file), "utf8")) as Content;
}

function byRef(a: Component, b: Component): number {
  return compare(a["bom-ref"], b["bom-ref"]);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

if (import.meta.main) process.stdout.write(sbom());
