/** The documents hold together: each is in the index, and what one links to is there, headings too. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { test } from "node:test";

const root = new URL("../", import.meta.url).pathname;
/** Not ours to index: packages, what is built, and templates, which are in a place of their own when they are read. */
const elsewhere = new Set(["node_modules", "dist", "template"]);

const documents = globSync("**/*.md", {
  cwd: root,
  exclude: (name) => name.split("/").some((part) => elsewhere.has(part) || part.startsWith(".")),
});

/** Where a document of ours leads to, without what it says as code. */
function linksIn(document: string): { path: string; heading: string | undefined }[] {
  const text = readFileSync(join(root, document), "utf8").replaceAll(/```[\s\S]*?```|`[^`\n]*`/g, "");
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = ""]) => target);
  return targets
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [path = "", heading] = target.split("#");
      return { path: path === "" ? document : relative(root, join(root, dirname(document), path)), heading };
    });
}

/** What a heading is called in an address. */
function anchorsIn(document: string): Set<string> {
  const headings = readFileSync(join(root, document), "utf8").matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, words = ""]) =>
      words
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
}

test("[docs] every file that a document links to is there, and every heading", () => {
  for (const document of documents)
    for (const { path, heading } of linksIn(document)) {
      assert.ok(existsSync(join(root, path)), `${document} links to ${path}`);
      if (heading !== undefined && path.endsWith(".md")) assert.ok(anchorsIn(path).has(heading), `${document} links to ${path}#${heading}`);
    }
});

test("[docs] the index knows every document", () => {
  const known = new Set(linksIn("docs/README.md").map(({ path }) => path));
  const ours = documents.filter((document) => document !== "docs/README.md");
  assert.deepEqual(
    ours.filter((document) => !known.has(document)),
    [],
  );
});
