/** What a release is made of: nothing that is installed is left out, nothing else is named, and it says the same tomorrow. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { sbom } from "./sbom.ts";

interface Package {
  readonly name: string;
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Bom {
  readonly bomFormat: string;
  readonly serialNumber: string;
  readonly metadata: { readonly component: { readonly name: string; readonly version: string; "bom-ref": string } };
  readonly components: readonly {
    readonly "bom-ref": string;
    readonly name: string;
    readonly version: string;
    readonly purl: string;
    readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
    readonly licenses?: readonly unknown[];
  }[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn: readonly string[] }[];
}

const root = join(import.meta.dirname, "..");
const text = sbom();
const bom = JSON.parse(text) as Bom;
const own = packageAt(root);

function packageAt(folder: string): Package {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Package;
}

/** Where Node finds a package that one in `folder` asks for. */
function findFrom(folder: string, name: string): string | undefined {
  for (let at = folder; ; at = dirname(at)) {
    const found = join(at, "node_modules", name);
    if (existsSync(join(found, "package.json"))) return found;
    if (at === root || at === dirname(at)) return undefined;
  }
}

/** Everything that is reached from what the servers import, as it is installed here. */
function reached(): Map<string, Package> {
  const all = new Map<string, Package>();
  const visit = (folder: string, { dependencies = {}, optionalDependencies = {} }: Package): void => {
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const found = findFrom(folder, name);
      if (found === undefined || all.has(found)) continue;
      const one = packageAt(found);
      all.set(found, one);
      visit(found, one);
    }
  };
  visit(root, own);
  return all;
}

test("[sbom] every package that the servers reach is named, in its version", () => {
  const named = new Set(bom.components.map(({ name, version }) => `${name}@${version}`));
  const all = [...reached().values()].map(({ name, version }) => `${name}@${version}`);
  assert.ok(all.length > 50, `${all.length} packages are reached`);
  assert.deepEqual(
    all.filter((one) => !named.has(one)),
    [],
  );
  assert.ok(
    ["@bufbuild/protobuf", "ajv", "ws"].every((name) => bom.components.some((one) => one.name === name)),
    "what development needs, too",
  );
});

test("[sbom] nothing is named that is not installed with a release, but for Node", () => {
  interface Locked {
    readonly packages: Readonly<Record<string, { readonly version: string; readonly integrity: string; readonly dev?: boolean }>>;
  }
  const { packages } = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as Locked;
  const locked = new Map(
    Object.entries(packages).flatMap(([path, { version, integrity, dev }]) =>
      path === "" || dev ? [] : [[`${path.replace(/^.*node_modules\//, "")}@${version}`, integrity] as const],
    ),
  );
  for (const { name, version, hashes = [], licenses = [], purl } of bom.components.filter((one) => one.name !== "node")) {
    const [hash] = hashes;
    const integrity = `${hash?.alg.replace("SHA-", "sha")}-${Buffer.from(hash?.content ?? "", "hex").toString("base64")}`;
    assert.equal(integrity, locked.get(`${name}@${version}`), `${name} ${version}`);
    assert.equal(decodeURIComponent(purl), `pkg:npm/${name}@${version}`);
    assert.ok(licenses.length > 0, `${name} has no licence`);
  }
  assert.equal(bom.components.length, locked.size + 1);
  const [, base] = /^FROM node:([0-9.]+)-/m.exec(readFileSync(join(root, "Dockerfile"), "utf8")) ?? [];
  assert.equal(bom.components.find(({ name }) => name === "node")?.version, base);
});

test("[sbom] who needs whom: every package is reached from ours, and none that is not there", () => {
  const needs = new Map(bom.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
  const refs = new Set(bom.components.map((one) => one["bom-ref"]));
  const seen = new Set<string>();
  const visit = (ref: string): void => {
    if (seen.has(ref)) return;
    seen.add(ref);
    for (const other of needs.get(ref) ?? []) {
      assert.ok(refs.has(other), `${ref} needs ${other}`);
      visit(other);
    }
  };
  const { component } = bom.metadata;
  visit(component["bom-ref"]);
  assert.deepEqual([component.name, component.version, bom.bomFormat], [own.name, own.version, "CycloneDX"]);
  assert.deepEqual(
    needs
      .get(component["bom-ref"])
      ?.map((ref) => ref.slice(0, ref.lastIndexOf("@")))
      .toSorted(),
    Object.keys(own.dependencies ?? {}).toSorted(),
  );
  for (const name of reached().values()) assert.ok(seen.has(`${name.name}@${name.version}`), `${name.name} is needed by nobody`);
});

test("[sbom] the same lockfile gives the same bytes, without a time, a folder or a machine", () => {
  assert.equal(sbom(), text);
  assert.ok(!text.includes(root) && !/timestamp|"tools"/.test(text));
  assert.match(bom.serialNumber, /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
});
