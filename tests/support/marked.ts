/** Tables in documents, made of the lists in the code: between `<!-- name -->` and `<!-- /name -->`. */
import { readFileSync, writeFileSync } from "node:fs";

/** What stands between the marks in `document`; undefined without them. */
export function marked(document: string, name: string): string | undefined {
  return marksOf(name).exec(document)?.groups?.["text"];
}

/** Writes a text between each of these marks of a file. */
export function writeMarked(file: URL, texts: Readonly<Record<string, string>>): void {
  let document = readFileSync(file, "utf8");
  for (const [name, text] of Object.entries(texts))
    document = document.replace(marksOf(name), () => `<!-- ${name} -->\n${text}\n<!-- /${name} -->`);
  writeFileSync(file, document);
}

/** In Markdown. */
export function tableOf(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heads, heads.map(() => "---"), ...rows].map((cells) => cells.map((cell) => cell.replaceAll("|", "\\|")));
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function marksOf(name: string): RegExp {
  return new RegExp(`<!-- ${name} -->\\n(?<text>[\\s\\S]*?)\\n<!-- /${name} -->`);
}
