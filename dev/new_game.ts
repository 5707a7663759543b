/**
 * A folder with a game of one's own to begin with: the one in `template/`, under another name. It borrows Croupier and its
 * tools from this checkout, by links, so nothing is downloaded and there is one copy of everything.
 */
import { existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { games } from "#game_server/games.ts";
import { SettingError } from "#runtime/settings.ts";
import { generate } from "./generate.ts";

const checkout = dirname(import.meta.dirname);
const template = join(import.meta.dirname, "template");
/** What a folder needs of the checkout beside Croupier itself. */
const borrowed = { runtime: ["@bufbuild/protobuf"], tools: ["@types/node", "node", "typescript"] };

/**
 * Gives what its author does next.
 * @throws {SettingError} for a name that no game can have, and a folder that is there.
 */
export async function writeGame(place: string): Promise<string> {
  const folder = resolve(place);
  const name = basename(folder);
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name))
    throw new SettingError(`a game is called such as my-game, in lower case letters, digits and -, and not ${JSON.stringify(name)}.`);
  if (games.some((game) => game.name === name)) throw new SettingError(`${name} is a game of Croupier's own: give yours another name.`);
  if (existsSync(folder)) throw new SettingError(`${place} is there already.`);
  const files = new Map([
    ...templateFiles(name),
    ["package.json", packageOf(name)],
    ["tsconfig.json", json(tsconfig)],
    [".gitignore", ignored],
    [".npmrc", npmrc],
  ]);
  mkdirSync(folder, { recursive: true });
  for (const [file, text] of files) writeFileSync(join(folder, file), text);
  await generate(folder);
  return `${place} is made. What comes next:\n\n  cd ${relative(process.cwd(), folder)}\n  npm install\n  npm test\n  npm start\n`;
}

function templateFiles(name: string): [file: string, text: string][] {
  const renamed = (text: string): string =>
    text.replaceAll("my-game", name).replaceAll("my_game", name.replaceAll("-", "_")).replace("CROUPIER", checkout);
  return globSync("*.{ts,proto,md}", { cwd: template }).map((file) => [file, renamed(readFileSync(join(template, file), "utf8"))]);
}

function packageOf(name: string): string {
  const links = (packages: readonly string[]) =>
    Object.fromEntries(packages.map((one) => [one, `file:${join(checkout, "node_modules", one)}`]));
  return json({
    ...{ name, private: true, type: "module" },
    scripts: {
      ...{ start: "exec croupier dev", play: "exec node client.ts", test: "node --test", check: "tsc", generate: "croupier generate" },
    },
    dependencies: { ...links(borrowed.runtime), croupier: `file:${checkout}` },
    devDependencies: links(borrowed.tools),
  });
}

const tsconfig = { extends: "croupier/tsconfig.json", include: ["."], exclude: ["node_modules"] };
const ignored = "node_modules/\ndata/\n";
/** What is borrowed is installed already: its scripts would download it once more. */
const npmrc = "ignore-scripts=true\n";

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
