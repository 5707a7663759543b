/**
 * Writes the flat files, for whoever applies files: `npm run manifests`. Each is what kubectl makes
 * of one folder of overlays/development; the files to edit are there and in base. Nothing else
 * needs kubectl, and a test finds a flat file that is not what its folder says.
 */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";

export const flatFiles = {
  "dice.yaml": { folder: "overlays/development/dice", about: "The game servers of dice, and Redis." },
  "dice-ab.yaml": { folder: "overlays/development/dice-ab", about: "The same in two groups, for A/B, instead of dice.yaml." },
  "gate.yaml": { folder: "overlays/development/gate", about: "The gates, after dice.yaml or dice-ab.yaml and the Secret jwt." },
} as const;

/**
 * What `kubectl apply -k` would apply, as YAML. undefined = there is neither kubectl nor kustomize.
 * @throws when the folder is wrong.
 */
export function build(folder: string): string | undefined {
  const path = new URL(folder, import.meta.url).pathname;
  for (const [command, verb] of [
    ["kubectl", "kustomize"],
    ["kustomize", "build"],
  ] as const) {
    const { error, status, stdout, stderr } = spawnSync(command, [verb, path], { encoding: "utf8" });
    if (error !== undefined) continue;
    if (status !== 0) throw new Error(stderr);
    return stdout;
  }
  return undefined;
}

function head(about: string, folder: string): string {
  return `# ${about} For development: public keys, no passwords. In production: kubectl apply -k k8s/base.
# Made of k8s/${folder} by \`npm run manifests\`: edit those files.
`;
}

if (import.meta.main) {
  for (const [file, { folder, about }] of Object.entries(flatFiles)) {
    const text = build(folder);
    if (text === undefined) {
      process.stderr.write("npm run manifests needs kubectl, or kustomize, on the PATH.\n");
      process.exit(78);
    }
    writeFileSync(new URL(file, import.meta.url), head(about, folder) + text);
  }
}
