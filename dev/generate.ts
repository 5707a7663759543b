/** TypeScript from a game's schemas, with the tools of this checkout: every .proto beside its game.ts, into `gen/`. */
import { execFile } from "node:child_process";
import { readdirSync } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { SettingError } from "#runtime/settings.ts";

const tools = join(import.meta.dirname, "../node_modules/.bin");
const template = {
  version: "v2",
  clean: true,
  plugins: [{ local: "protoc-gen-es", out: "gen", opt: ["target=ts", "import_extension=ts", "erasable_syntax=true"] }],
};

/** @throws {SettingError} with what the compiler says. */
export async function generate(folder: string): Promise<void> {
  const schemas = readdirSync(folder).filter((file) => file.endsWith(".proto"));
  if (schemas.length === 0) throw new SettingError(`${folder} has no .proto.`);
  const args = ["generate", ".", "--template", JSON.stringify(template), ...schemas.flatMap((file) => ["--path", file])];
  const env = { ...process.env, PATH: [tools, process.env["PATH"]].join(delimiter) };
  try {
    await promisify(execFile)(join(tools, "buf"), args, { cwd: folder, env });
  } catch (cause) {
    const { stderr = "" } = cause as { stderr?: string };
    throw new SettingError(stderr.trim() || `buf cannot be run: ${(cause as Error).message}`, { cause });
  }
}
