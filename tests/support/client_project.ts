/** An empty project that has installed `@croupier/client` from the tarball that would be published, gone with its test. */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { build } from "vite";
import { buildPackage, packageFolder } from "#clients/package/build.ts";
import { dataFolder } from "./data_folder.ts";

/** The oldest Node that the package promises to run on. */
const node22 = "node@22.23.3";
/** A registry that fails once answers again soon. */
const installsMax = 3;
const pauseMs = 5_000;

export class ClientProject {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** Installs the package, and `others` beside it. */
  static async install(t: Pick<TestContext, "after">, ...others: readonly string[]): Promise<ClientProject> {
    const project = new ClientProject(dataFolder(t));
    project.write("package.json", JSON.stringify({ name: "empty", private: true, type: "module", allowScripts: { node: true } }));
    await buildPackage();
    const packed = npm(packageFolder, "pack", "--json", "--pack-destination", project.folder);
    const [tarball] = JSON.parse(packed) as { filename: string }[];
    await install(project.folder, join(project.folder, tarball?.filename ?? ""), ...others);
    return project;
  }

  static withNode22(t: Pick<TestContext, "after">): Promise<ClientProject> {
    return ClientProject.install(t, node22);
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): string {
    writeFileSync(this.path(name), text);
    return this.path(name);
  }

  /** A page of `index.html` and what it imports, as files under `dist`, minified. */
  async bundle(): Promise<string> {
    const outDir = this.path("dist");
    await build({
      root: this.folder,
      base: "./",
      configFile: false,
      logLevel: "warn",
      build: { outDir, assetsInlineLimit: 0, modulePreload: false },
    });
    return outDir;
  }
}

async function install(folder: string, ...packages: readonly string[]): Promise<void> {
  for (let left = installsMax - 1; ; left--) {
    try {
      npm(folder, "install", "--no-audit", "--no-fund", "--prefer-offline", ...packages);
      return;
    } catch (thrown) {
      if (left === 0) throw thrown;
    }
    await sleep(pauseMs);
  }
}

function npm(folder: string, ...args: readonly string[]): string {
  return execFileSync("npm", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}
