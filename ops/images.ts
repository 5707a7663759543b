/**
 * Builds the images by docker, and says how: `npm run images -- 1.3`. A release is tagged by its
 * name and by what comes before each dot, and is the latest: latest, 1, 1.3. It pushes nothing.
 */
import { spawnSync } from "node:child_process";
import { parseArgs } from "node:util";

const usage = `usage: npm run images -- release [--repository name] [--print]
release: 1.3, or 1.3.2
--repository: what comes before the images' names: croupier, or registry.example/games
--print: say the docker lines, and run none`;

const servers = ["game_server", "gate_server"] as const;

const flags = {
  repository: { type: "string", default: "croupier" },
  print: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** latest, 1, 1.3 of 1.3. */
export function tagsOf(release: string): string[] {
  const parts = release.split(".");
  return ["latest", ...parts.map((_, at) => parts.slice(0, at + 1).join("."))];
}

/** The arguments of docker, one line each: both servers, and the client. */
export function dockerLines(release: string, repository: string): string[][] {
  const lines = servers.map((server) => {
    const tags = tagsOf(release).flatMap((tag) => ["-t", `${repository}/${server}:${tag}`]);
    return ["build", "--build-arg", `SERVER=${server}`, "--build-arg", `VERSION=v${release}`, ...tags, "."];
  });
  return [...lines, ["build", "-t", `${repository}/game_server:client`, "--target", "client-final", "."]];
}

function run(args: readonly string[]): void {
  const { values, positionals } = parseArgs({ args: [...args], options: flags, strict: true, allowPositionals: true });
  if (values.help) return print(usage);
  const [release = "", ...more] = positionals;
  if (!/^[0-9]+(\.[0-9]+){1,2}$/.test(release) || more.length > 0)
    throw new TypeError(`a release is 1.3 or 1.3.2, not ${positionals.join(" ")}`);
  if (!/^[a-z0-9][a-z0-9._:/-]*[a-z0-9]$/.test(values.repository)) throw new TypeError(`no name of a repository: ${values.repository}`);
  for (const line of dockerLines(release, values.repository)) {
    print(["docker", ...line].join(" "));
    if (!values.print) build(line);
  }
}

/** In the project's folder, wherever it was asked for. */
function build(line: readonly string[]): void {
  const { error, status } = spawnSync("docker", line, { cwd: new URL("..", import.meta.url), stdio: "inherit" });
  if (error !== undefined) {
    const isMissing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new TypeError(isMissing ? "docker is not on the PATH; --print says what would be run" : error.message);
  }
  if (status !== 0) process.exit(status ?? 1);
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

if (import.meta.main) {
  try {
    run(process.argv.slice(2));
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    process.stderr.write(`${thrown.message}\n${usage}\n`);
    process.exit(78);
  }
}
