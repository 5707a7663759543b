/** What a gate shows a browser: the page at `/`, and in development the playground, at `/playground/`. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Pages, readPages } from "#runtime/pages.ts";
import { SettingError, type Settings, shown } from "#runtime/settings.ts";

/** The page of a gate that is told of none: a folder that `npm run pages` makes. */
const pageByDefault = fileURLToPath(new URL("../clients/web/dist/dice", import.meta.url));
const playgroundFolder = fileURLToPath(new URL("../clients/web/dist/playground", import.meta.url));
const playgroundPath = "/playground";

/**
 * Reads them, at the start.
 * @throws {SettingError} for a folder that is named and has no page, which is a mistake; one that is not built yet is none.
 */
export function openPages({ env, pageDir }: Settings): Pages {
  if (pageDir !== undefined && !existsSync(join(pageDir, "index.html")))
    throw new SettingError(`PAGE_DIR must be a folder with an index.html, not ${shown(pageDir)}.`);
  const page = readPages(pageDir ?? pageByDefault);
  if (env === "prod") return page;
  const playground = readPages(playgroundFolder);
  return (path, request, response) => {
    if (path.startsWith(`${playgroundPath}/`)) return playground(path.slice(playgroundPath.length), request, response);
    if (path !== playgroundPath) return page(path, request, response);
    response.writeHead(308, { Location: `${playgroundPath}/` }).end();
    return true;
  };
}
