/** `npm run images`, with a docker that only writes down what it was asked. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";

const script = new URL("images.ts", import.meta.url).pathname;

/** The lines of rules §6. */
const expected = [
  "build --build-arg SERVER=game_server --build-arg VERSION=v1.3 -t croupier/game_server:latest -t croupier/game_server:1 -t croupier/game_server:1.3 .",
  "build --build-arg SERVER=gate_server --build-arg VERSION=v1.3 -t croupier/gate_server:latest -t croupier/gate_server:1 -t croupier/gate_server:1.3 .",
  "build -t croupier/game_server:client --target client-final .",
];

/** Runs the script where the only docker is one that says yes, or `answer`. */
function images(t: TestContext, args: string[], answer?: number) {
  const folder = mkdtempSync(join(tmpdir(), "images-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const heard = join(folder, "heard");
  if (answer !== undefined) {
    const docker = `#!${process.execPath}
require("node:fs").appendFileSync(${JSON.stringify(heard)}, process.argv.slice(2).join(" ") + " in " + process.cwd() + "\\n");
process.exit(${answer});
`;
    writeFileSync(join(folder, "docker"), docker, { mode: 0o755 });
  }
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
    encoding: "utf8",
    cwd: folder,
    env: { PATH: folder },
  });
  return { status, stdout, stderr, heard: existsSync(heard) ? readFileSync(heard, "utf8").trim().split("\n") : [] };
}

test("[rules §6] images prints the docker lines and runs them in the project's folder", (t) => {
  const { status, stdout, heard } = images(t, ["1.3"], 0);
  const root = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
  assert.equal(status, 0);
  assert.deepEqual(
    heard,
    expected.map((line) => `${line} in ${root}`),
  );
  assert.equal(stdout, expected.map((line) => `docker ${line}\n`).join(""));
});

test("images --print only prints; --repository names another place; a release may have three parts", (t) => {
  const { status, stdout, heard } = images(t, ["1.3.2", "--print", "--repository", "registry.example:5000/games"], 0);
  assert.equal(status, 0);
  assert.deepEqual(heard, []);
  const tags = ["latest", "1", "1.3", "1.3.2"].map((tag) => `-t registry.example:5000/games/gate_server:${tag}`).join(" ");
  assert.equal(stdout.split("\n")[1], `docker build --build-arg SERVER=gate_server --build-arg VERSION=v1.3.2 ${tags} .`);
});

test("images stops at a line that fails, with docker's own exit code", (t) => {
  const { status, heard } = images(t, ["1.3"], 3);
  assert.equal(status, 3);
  assert.equal(heard.length, 1);
});

test("images without docker, or with a wrong word, says so in one sentence", (t) => {
  for (const [args, sentence] of [
    [["1.3"], "docker is not on the PATH; --print says what would be run"],
    [[], "a release is 1.3 or 1.3.2, not "],
    [["v1.3"], "a release is 1.3 or 1.3.2, not v1.3"],
    [["1.3", "1.4"], "a release is 1.3 or 1.3.2, not 1.3 1.4"],
    [["1.3", "--repository", "Not A Name"], "no name of a repository: Not A Name"],
  ] as const) {
    const { status, stderr } = images(t, [...args]);
    assert.equal(status, 78);
    assert.equal(stderr.split("\n")[0], sentence);
  }
});
