/**
 * Modules of one folder that can be loaded anew: Node loads a module once for each address, so theirs end with a number that
 * rises, `game.ts?v=2`. Whatever they import from elsewhere, Croupier itself and packages, stays what it is.
 */
import { registerHooks } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

export class ModuleVersions {
  readonly #loaded = new Set<string>();
  #version = 1;

  /** `folder`: its real path, as Node resolves it. */
  constructor(folder: string) {
    const inside = `${pathToFileURL(folder).href}/`;
    registerHooks({
      resolve: (specifier, context, next) => {
        const resolved = next(specifier, context);
        const isInside = resolved.url.startsWith(inside) && !resolved.url.includes("/node_modules/");
        if (!isInside) return resolved;
        this.#loaded.add(fileURLToPath(resolved.url));
        return { ...resolved, url: `${resolved.url}?v=${this.#version}` };
      },
    });
  }

  /** Whether the file is one that was loaded, or was to be. */
  has(file: string): boolean {
    return this.#loaded.has(file);
  }

  /** From now on they are loaded as they are on the disk now. */
  renew(): void {
    this.#version += 1;
  }
}
