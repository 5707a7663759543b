/** What a gate shows a browser: the page at `/`, and in development the playground, at `/playground/`. */
import { fileURLToPath } from "node:url";
import { type Pages, readPages } from "#runtime/pages.ts";
import type { Settings } from "#runtime/settings.ts";

const playgroundFolder = fileURLToPath(new URL("../clients/web/dist/playground", import.meta.url));
const playgroundPath = "/playground";

export function openPages({ env, pageDir }: Settings): Pages {
  const page = readPages(pageDir);
  if (env === "prod") return page;
  const playground = readPages(playgroundFolder);
  return (path, request, response) => {
    if (path.startsWith(`${playgroundPath}/`)) return playground(path.slice(playgroundPath.length), request, response);
    if (path !== playgroundPath) return page(path, request, response);
    response.writeHead(308, { Location: `${playgroundPath}/` }).end();
    return true;
  };
}
