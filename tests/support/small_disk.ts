/** A disk of a test's own, small enough to be full: a tmpfs, which only root may mount. */
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export class SmallDisk {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** With so many bytes ("2m"), and so many files if given. Undefined, and the test skipped, where mounting is not permitted. */
  static mount(t: TestContext, { size, files = 0 }: { size: string; files?: number }): SmallDisk | undefined {
    const folder = mkdtempSync(join(tmpdir(), "croupier-disk-"));
    const { status, stderr, error } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size},nr_inodes=${files}`, "tmpfs", folder]);
    if (status !== 0) {
      rmdirSync(folder);
      t.skip(`no tmpfs may be mounted here: ${error?.message ?? String(stderr).trim()}`);
      return undefined;
    }
    t.after(() => {
      spawnSync("umount", ["--lazy", folder]);
      rmdirSync(folder);
    });
    return new SmallDisk(folder);
  }

  /** Takes all the space there is. */
  fill(): void {
    const file = openSync(join(this.folder, "filler"), "a");
    try {
      for (const bytes of [65_536, 4096, 1]) while (hasTaken(file, bytes));
    } finally {
      closeSync(file);
    }
  }

  free(): void {
    rmSync(join(this.folder, "filler"), { force: true });
  }
}

function hasTaken(file: number, bytes: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(bytes)) > 0;
  } catch (thrown) {
    if ((thrown as { code?: string }).code !== "ENOSPC") throw thrown;
    return false;
  }
}
