/** `croupier new` and `croupier generate`: a folder under its own name, and no folder that was there. */
import assert from "node:assert/strict";
import { globSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { croupier } from "./support/croupier.ts";
import { dataFolder } from "./support/data_folder.ts";
import { developMade, madeGame } from "./support/made_game.ts";
import { replaceFile } from "./support/replace_file.ts";
import { read } from "./support/said.ts";

test("[croupier] new: everything is under the new name, generated, and nothing of the template's is left", async (t) => {
  const folder = await madeGame(t, "tic-tac-toe");
  assert.deepEqual(readdirSync(folder).sort(), [
    ...[".gitignore", ".npmrc", "README.md", "client.ts", "game.proto", "game.test.ts", "game.ts", "gen", "package.json", "protocol.ts"],
    "tsconfig.json",
  ]);
  const files = globSync("**/*.{ts,proto,md,json}", { cwd: folder });
  for (const file of files) assert.doesNotMatch(readFileSync(join(folder, file), "utf8"), /my[-_]game|CROUPIER/, file);
  assert.match(readFileSync(join(folder, "game.proto"), "utf8"), /^package tic_tac_toe;$/m);
  assert.match(readFileSync(join(folder, "gen/game_pb.ts"), "utf8"), /tic_tac_toe\.Hand/);
  const { name, dependencies } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Record<string, unknown>;
  assert.equal(name, "tic-tac-toe");
  for (const link of Object.values(dependencies as Record<string, string>))
    assert.ok(readdirSync(link.replace("file:", "")).includes("package.json"));
});

test("[croupier] new: a folder that is there, and a name that no game can have, are refused in one sentence", async (t) => {
  const parent = dataFolder(t);
  mkdirSync(join(parent, "mine"));
  writeFileSync(join(parent, "mine", "game.ts"), "// my evening's work\n");
  const cases: [place: string, sentence: RegExp][] = [
    [join(parent, "mine"), /mine is there already\.$/m],
    [join(parent, "My Game"), /^a game is called such as my-game, .* and not "My Game"\.$/m],
    [join(parent, "7up"), /not "7up"/],
    [join(parent, "a".repeat(41)), /not "a{41}"/],
    [join(parent, "dice"), /^dice is a game of Croupier's own/m],
  ];
  for (const [place, sentence] of cases) {
    const { code, errors } = await croupier(t, ["new", place]);
    assert.equal(code, 78, place);
    assert.match(errors, sentence);
  }
  assert.deepEqual(readdirSync(parent), ["mine"]);
  assert.equal(readFileSync(join(parent, "mine", "game.ts"), "utf8"), "// my evening's work\n");
});

test("[croupier][dev] a schema that is wrong is said with its place, by generate and by dev, which deals on", async (t) => {
  const folder = await madeGame(t, "broken");
  const server = await developMade(t, folder);
  const schema = join(folder, "game.proto");
  const sound = readFileSync(schema, "utf8");
  const before = readFileSync(join(folder, "gen/game_pb.ts"), "utf8");

  replaceFile(schema, sound.replace("Hand hand = 1;", "Hand hand = 1"));
  const line = read(await server.logged("game swap"));
  assert.equal(line["log.level"], "error");
  assert.match(line["event.reason"] ?? "", /game\.proto:\d+:\d+:.* Everything plays on by the rules it had\.$/s);
  const { code, errors } = await croupier(t, ["generate", folder]);
  assert.equal(code, 78);
  assert.match(errors, /game\.proto:\d+:\d+:/);
  assert.equal(readFileSync(join(folder, "gen/game_pb.ts"), "utf8"), before, "what was generated is still there");

  const from = server.lines.length;
  replaceFile(schema, sound);
  assert.equal(read(await server.loggedFrom("game swap", from))["log.level"], "info");
});
