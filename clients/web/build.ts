/**
 * Builds the pages: each folder here with an index.html becomes a folder of files under
 * `dist/`, names with a hash of what is in them, so that they may be cached for ever.
 */
import { build } from "vite";

export const pages = ["dice", "operator", "playground"] as const;
export type PageName = (typeof pages)[number];

const here = import.meta.dirname;

export async function buildPage(name: PageName): Promise<void> {
  await build({
    root: `${here}/${name}`,
    base: "./",
    configFile: false,
    logLevel: "warn",
    // An image or a font inlined as a data: URL is what our Content-Security-Policy forbids.
    build: { outDir: `${here}/dist/${name}`, emptyOutDir: true, assetsInlineLimit: 0, modulePreload: { polyfill: false } },
  });
}

if (import.meta.main) for (const page of pages) await buildPage(page);
