/** A folder for a journal, empty, and gone with its test; and what is written in it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { TestContext } from "node:test";

export function dataFolder(t: Pick<TestContext, "after">): string {
  const folder = mkdtempSync(join(tmpdir(), "croupier-"));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** The rooms that the journal in `folder` holds, row by row, as they stand there. */
export function storedRows(folder: string): { life: string; crc: number; value: string }[] {
  const database = new DatabaseSync(join(folder, "journal.sqlite"), { readOnly: true });
  try {
    const rows = database.prepare("SELECT life, crc, value FROM rooms ORDER BY slot").all();
    return rows.map(({ life, crc, value }) => ({ life: String(life), crc: Number(crc), value: String(value) }));
  } finally {
    database.close();
  }
}
