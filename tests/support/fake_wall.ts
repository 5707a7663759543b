/** A wall clock for processes under test that can be set while they run. Their monotonic clock is the machine's own. */
import { globSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { skip } from "./skip.ts";

const [library] = globSync("/usr/lib/*/faketime/libfaketimeMT.so.1");

export class FakeWall {
  readonly #file: string;

  private constructor(file: string) {
    this.#file = file;
    this.jump(0);
  }

  /** Undefined where this machine has no libfaketime: then the test is skipped. */
  static hang(t: TestContext): FakeWall | undefined {
    if (library === undefined) {
      skip(t, "needs libfaketime (Debian: faketime)");
      return undefined;
    }
    const folder = mkdtempSync(join(tmpdir(), "croupier-wall-"));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return new FakeWall(join(folder, "time"));
  }

  /** For the environment of each process that shall look at this clock. */
  get env(): Record<string, string> {
    return {
      LD_PRELOAD: library ?? "",
      FAKETIME_TIMESTAMP_FILE: this.#file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    };
  }

  /** From now on the clock shows so much more than the machine's. */
  jump(seconds: number): void {
    writeFileSync(this.#file, `${seconds < 0 ? "" : "+"}${seconds}`);
  }
}
