/** A file that is another one at once: whoever looks meanwhile reads the old text or the new one, and never half of it. */
import { renameSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

/** It is written beside, under a name that `croupier dev` does not look at. */
export function replaceFile(path: string, text: string): void {
  const beside = join(dirname(path), `.${basename(path)}.new`);
  writeFileSync(beside, text);
  renameSync(beside, path);
}
