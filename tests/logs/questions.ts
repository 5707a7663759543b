/** The questions of efk/README.md and their queries: the rows of its tables whose second cell is KQL. */
import { readText } from "./efk.ts";
import type { Asked } from "./saved_objects.ts";

export const questions: readonly Asked[] = readText("README.md")
  .split("\n")
  .flatMap((line) => {
    const [, by, kql] = /^\| ([^|]+\?) \| `([^`]+)` \|/.exec(line) ?? [];
    return by === undefined || kql === undefined ? [] : [{ by, kql }];
  });
