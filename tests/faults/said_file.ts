/**
 * What a ledger says in the log, written down before anything else happens: kill -9 takes the lines of a log's last
 * milliseconds, and with them the word that a room has ended. The file is in the server's folder.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

export const saidFile = "said";

/** Nothing, where none has said anything. */
export function saidIn(folder: string): readonly string[] {
  const file = join(folder, saidFile);
  return existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
}
