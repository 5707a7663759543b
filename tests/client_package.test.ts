/** The client library as it is published: installed from its tarball in an empty project, run by Node 22, type-checked, weighed. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { mintToken } from "#protocol/token.ts";
import { ClientProject } from "./support/client_project.ts";
import { developmentKey } from "./support/entrance.ts";
import { Server, spawnRun } from "./support/process.ts";

/** 25 KB. */
const gzippedBytesMax = 25 * 1024;

/** Plays until it has rolled. */
const player = `
import { connect } from "@croupier/client";
import { dice } from "@croupier/client/dice";

const client = connect({ url: process.env.URL, getToken: () => process.env.TOKEN });
client.on("state", (state) => console.log(state.is));
const room = client.sit(dice, { room: "1", seat: 2 });
room.on("scene", () => room.send("shake", { v: 6 }));
room.on("shaken", ({ userId, dicePoints }) => {
  console.log(\`\${process.version.split(".")[0]}: user \${userId} on seat \${room.seat} rolled \${dicePoints}\`);
  client.close();
});
`;

/** What an application would write; no type of a browser's or of Node's is there. */
const program = `
import { type BodyOf, type ClientState, connect, CroupierError, defineGame, type Room } from "@croupier/client";
import { dice } from "@croupier/client/dice";

const client = connect({ url: "ws://127.0.0.1:60006", getToken: async () => "token" });
const room: Room<typeof dice> = client.match(dice);
room.on("settlement", ({ winner, dice }) => {
  const won: boolean = winner.includes(client.user);
  const points: number | undefined = dice[String(client.user)];
  return [won, points];
});
room.on("refused", (error) => {
  if (error instanceof CroupierError && error.code === "alreadyShaken") return error.retry;
});
const sent: "sent" | "queued" | "dropped" = room.send("shake", { v: 6 });
type Scene = BodyOf<(typeof dice.events)["scene"]>;
export const leftMs = (scene: Scene): number => Number(scene.leftTime);
export const isOver = (state: ClientState): boolean => state.is === "gone" && state.because === "removed";
export const quiet = defineGame({ name: "quiet", commands: { nod: [301] }, events: { nodded: [301] } });
client.match(quiet).send("nod");
// @ts-expect-error: dice has no such command
room.send("cheat");
// @ts-expect-error: a face is a number
room.send("shake", { v: "six" });
export { sent };
`;

let project: ClientProject;
const endings: (() => void)[] = [];

before(async () => {
  project = await ClientProject.withNode22({ after: (end) => void endings.push(end as () => void) });
});
after(() => {
  for (const end of endings) end();
});

test("[client] installed from its tarball it sits down and rolls under Node 22", async (t) => {
  const server = await Server.start(t, "single.ts");
  const file = project.write("player.js", player);
  const env = { URL: `ws://127.0.0.1:${server.port}`, TOKEN: await mintToken(7, developmentKey) };
  const run = spawnRun(t, project.path("node_modules/node/bin/node"), [file], env);
  assert.deepEqual(await run.exited, { code: 0, signal: null }, run.errors);
  assert.deepEqual(run.lines, ["connecting", "connecting", "seated", "v22: user 7 on seat 2 rolled 6", "gone"]);
});

/** Node 22 says `error` of a refused connection, and no `close`. */
test("[client] under Node 22 a refused connection is lost at once", async (t) => {
  const file = project.write(
    "refused.js",
    `
import { connect } from "@croupier/client";

const client = connect({ url: "ws://127.0.0.1:1", getToken: () => process.env.TOKEN });
const startedMs = performance.now();
client.on("state", ({ because }) => {
  if (because !== "lost") return;
  console.log(performance.now() - startedMs < 9000);
  client.close();
});
`,
  );
  const run = spawnRun(t, project.path("node_modules/node/bin/node"), [file], { TOKEN: await mintToken(7, developmentKey) });
  assert.deepEqual(await run.exited, { code: 0, signal: null }, run.errors);
  assert.deepEqual(run.lines, ["true"]);
});

/** Nothing to say is none of it wrong. */
function typeCheck(files: readonly string[], options: Record<string, unknown>): void {
  const compilerOptions = { strict: true, noEmit: true, types: [], ...options };
  project.write("tsconfig.json", JSON.stringify({ compilerOptions, files }));
  const tsc = fileURLToPath(new URL("../node_modules/typescript/bin/tsc", import.meta.url));
  const { stdout, status } = spawnSync(process.execPath, [tsc, "-p", project.folder], { encoding: "utf8" });
  assert.deepEqual({ stdout, status }, { stdout: "", status: 0 });
}

for (const [module, moduleResolution] of [
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
] as const)
  test(`[client] its types are found and right with moduleResolution ${moduleResolution}`, () => {
    project.write("program.ts", program);
    typeCheck(["program.ts"], { module, moduleResolution, lib: ["es2024"] });
  });

test("[client] the TypeScript in its README is right", () => {
  const readme = readFileSync(project.path("node_modules/@croupier/client/README.md"), "utf8");
  const examples = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code = ""]) => code);
  assert.equal(examples.length, 4);
  for (const [at, code] of examples.entries()) project.write(`example_${at}.ts`, code);
  typeCheck(
    examples.map((_, at) => `example_${at}.ts`),
    { module: "esnext", moduleResolution: "bundler", lib: ["es2024", "dom"] },
  );
});

test("[client] it depends on protobuf alone, and a bundle with dice is small", async (t) => {
  const installed = readdirSync(project.path("node_modules")).filter((name) => !/^[.]|^node/.test(name));
  assert.deepEqual(installed, ["@bufbuild", "@croupier"]);
  project.write("index.html", '<!doctype html><script type="module" src="./player.js"></script>');
  project.write("player.js", player.replaceAll(/process\.[a-zA-Z.]+/g, '""'));
  const assets = join(await project.bundle(), "assets");
  const scripts = readdirSync(assets).map((name) => readFileSync(join(assets, name)));
  const bytes = scripts.reduce((sum, script) => sum + script.length, 0);
  const gzipped = scripts.reduce((sum, script) => sum + gzipSync(script, { level: 9 }).length, 0);
  t.diagnostic(`client and dice: ${bytes} bytes minified, ${gzipped} bytes gzipped`);
  assert.ok(gzipped <= gzippedBytesMax, `${gzipped} bytes`);
});
