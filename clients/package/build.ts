/**
 * Makes the folder that is published as `@croupier/client`: ES modules and their types, made from the library as it is here,
 * for `npm pack`. The types are those of our files, one by one, and find each other by the names they have here.
 */
import { execFileSync } from "node:child_process";
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = import.meta.dirname;
const root = fileURLToPath(new URL("../../", import.meta.url));
export const packageFolder = `${here}/dist`;

/** What can be imported: `@croupier/client` and `@croupier/client/dice`. */
const entries = { client: "clients/client.ts", dice: "protocol/dice.ts" } as const;

export async function buildPackage(): Promise<void> {
  rmSync(packageFolder, { recursive: true, force: true });
  await buildModules();
  execFileSync(process.execPath, [`${root}/node_modules/typescript/bin/tsc`, "-p", here], { stdio: "inherit" });
  writeFileSync(`${packageFolder}/package.json`, `${JSON.stringify(manifest(), null, 2)}\n`);
  copyFileSync(`${here}/README.md`, `${packageFolder}/README.md`);
}

async function buildModules(): Promise<void> {
  await build({
    ...{ root, configFile: false, logLevel: "warn", publicDir: false },
    build: {
      lib: { entry: { client: entries.client, dice: entries.dice }, formats: ["es"] },
      outDir: packageFolder,
      target: "es2023",
      minify: false,
      rolldownOptions: { external: /^@bufbuild\/protobuf/, output: { chunkFileNames: "[name].js" } },
    },
  });
}

function manifest(): Record<string, unknown> {
  const { version, license, dependencies } = JSON.parse(readFileSync(`${root}/package.json`, "utf8")) as {
    readonly version: string;
    readonly license: string;
    readonly dependencies: Readonly<Record<string, string>>;
  };
  const protobuf = "@bufbuild/protobuf";
  return {
    name: "@croupier/client",
    version,
    description: "A player's connection to Croupier, typed by the game: for browsers and Node",
    license,
    type: "module",
    sideEffects: false,
    engines: { node: ">=22" },
    exports: { ".": exported("client"), "./dice": exported("dice"), "./package.json": "./package.json" },
    imports: { "#protocol/*.ts": { types: "./types/protocol/*.d.ts" } },
    dependencies: { [protobuf]: `^${dependencies[protobuf]}` },
  };
}

function exported(name: keyof typeof entries): Record<string, string> {
  return { types: `./types/${entries[name].replace(/\.ts$/, ".d.ts")}`, default: `./${name}.js` };
}

if (import.meta.main) await buildPackage();
