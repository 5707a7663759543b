/** The Dockerfile is built by `npm run test:cluster`; what can be said of it without building is said here. */
import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../", import.meta.url);
const dockerfile = readFileSync(new URL("Dockerfile", root), "utf8");
const { dependencies, devDependencies } = JSON.parse(readFileSync(new URL("package.json", root), "utf8")) as Record<
  "dependencies" | "devDependencies",
  Record<string, string>
>;

test("[F16] the images have the Node of development and CI, by its exact name", () => {
  const bases = [...dockerfile.matchAll(/^FROM (node:\S+)/gm)].map(([, base]) => base);
  assert.deepEqual([...new Set(bases)], [`node:${devDependencies["node"]}-trixie-slim`]);
  assert.equal(dependencies["node"], undefined, "a second Node in the image");
});

test("the last stage is a server, without a shell before Node, as a user that owns nothing", () => {
  const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
  assert.match(last, /^ENTRYPOINT \["node", "server\/main\.ts"\]$/m);
  assert.equal([...last.matchAll(/^USER (\S+)$/gm)].at(-1)?.[1], "10001:10001");
  assert.match(last, /^EXPOSE 60001-60009$/m);
  assert.match(last, /GAME_SERVERS=dice=dice:60001$/m);
  assert.match(dockerfile, /^FROM croupier AS client-final$/m);
});

test("[web] every image has the pages, built of what it is built of, and nothing of what builds them", () => {
  const stages = dockerfile.split(/^(?=FROM )/m);
  const building = stages.find((stage) => / AS pages$/m.test(stage)) ?? "";
  assert.match(building, /^RUN npm ci --ignore-scripts /m);
  assert.match(building, /^COPY \. \.\nRUN node clients\/web\/build\.ts$/m);
  const common = stages.find((stage) => / AS croupier$/m.test(stage)) ?? "";
  assert.match(common, /^COPY --from=pages \/app\/clients\/web\/dist clients\/web\/dist$/m);
  const ignored = readFileSync(new URL(".dockerignore", root), "utf8").split("\n");
  assert.ok(ignored.indexOf("clients/web/dist") > ignored.indexOf("!clients"), "pages that were built elsewhere stay there");
  assert.ok(ignored.includes("!tsconfig.json"), "it says what JSX becomes");
});

test("two releases are two images, also for a builder that looks up ENV without the argument's value", () => {
  const last = dockerfile.slice(dockerfile.lastIndexOf("\nFROM "));
  const steps = [...last.matchAll(/^(ARG \w+|RUN|ENV)/gm)].map(([step]) => step);
  assert.deepEqual(steps, ["ARG SERVER", "ARG VERSION", "RUN", "ENV"]);
});

test("./dice_client of the client image can be executed", () => {
  const file = new URL("clients/dice.ts", root);
  assert.match(readFileSync(file, "utf8"), /^#!\/usr\/bin\/env node\n/);
  assert.notEqual(statSync(file).mode & 0o111, 0);
});
