/** A game that `croupier new` has made, linked to this checkout as npm would. */
import assert from "node:assert/strict";
import { mkdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { croupier } from "./croupier.ts";
import { dataFolder } from "./data_folder.ts";
import { Server, start } from "./process.ts";

const checkout = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** Its folder, whose parents were not there either. */
export async function madeGame(t: TestContext, name: string): Promise<string> {
  const folder = join(dataFolder(t), "games", name);
  const { code, lines, errors } = await croupier(t, ["new", folder]);
  assert.deepEqual([code, errors], [0, ""]);
  assert.equal(lines[0], `${folder} is made. What comes next:`);
  return folder;
}

/** `croupier dev` in it. */
export async function developMade(t: TestContext, folder: string): Promise<Server> {
  mkdirSync(join(folder, "node_modules/@bufbuild"), { recursive: true });
  symlinkSync(checkout, join(folder, "node_modules/croupier"));
  symlinkSync(join(checkout, "node_modules/@bufbuild/protobuf"), join(folder, "node_modules/@bufbuild/protobuf"));
  return Server.ready(start(t, ["clients/croupier.ts", "dev", folder], { PORT: "0", ADMIN_PORT: "0" }));
}
