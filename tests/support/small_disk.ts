/** A disk of a test's own, small enough to be full: a tmpfs, which only root may mount. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, mkdirSync, mkdtempSync, openSync, rmdirSync, rmSync, writeFileSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { skip } from "./skip.ts";

export class SmallDisk {
  readonly folder: string;
  readonly #mounted: string[];

  private constructor(folder: string) {
    this.folder = folder;
    this.#mounted = [folder];
  }

  /** With so many bytes ("2m"), and so many files if given. Undefined, and the test skipped, where mounting is not permitted. */
  static mount(t: TestContext, { size, files = 0 }: { size: string; files?: number }): SmallDisk | undefined {
    const folder = mkdtempSync(join(tmpdir(), "croupier-disk-"));
    const { status, stderr, error } = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${size},nr_inodes=${files}`, "tmpfs", folder]);
    if (status !== 0) {
      rmdirSync(folder);
      skip(t, `no tmpfs may be mounted here: ${error?.message ?? String(stderr).trim()}`);
      return undefined;
    }
    const disk = new SmallDisk(folder);
    t.after(() => {
      for (const path of disk.#mounted) spawnSync("umount", ["--lazy", path]);
      rmdirSync(folder);
    });
    return disk;
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

  /** Makes all the files that may be made but so many. */
  useFiles(left: number): void {
    const folder = join(this.folder, "filler");
    mkdirSync(folder);
    try {
      for (let file = 0; ; file++) writeFileSync(join(folder, String(file)), "");
    } catch (thrown) {
      if (!isSpent(thrown)) throw thrown;
    }
    for (let file = 0; file < left; file++) rmSync(join(folder, String(file)));
  }

  free(): void {
    rmSync(join(this.folder, "filler"), { recursive: true, force: true });
  }

  /** From now on nobody may write to this file, or with "." to anything. */
  protect(file: string): void {
    const path = join(this.folder, file);
    for (const args of [
      ["--bind", path, path],
      ["-o", "remount,bind,ro", path],
    ]) {
      const { status, stderr } = spawnSync("mount", args);
      assert.equal(status, 0, String(stderr));
    }
    this.#mounted.unshift(path);
  }
}

function hasTaken(file: number, bytes: number): boolean {
  try {
    return writeSync(file, Buffer.alloc(bytes)) > 0;
  } catch (thrown) {
    if (!isSpent(thrown)) throw thrown;
    return false;
  }
}

function isSpent(thrown: unknown): boolean {
  return (thrown as { code?: string }).code === "ENOSPC";
}
