/** A certificate for this machine that nobody knows yet. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { dataFolder } from "./data_folder.ts";
import { skip } from "./skip.ts";

export interface Certified {
  /** The paths of both, in PEM. */
  readonly keyFile: string;
  readonly certificateFile: string;
  readonly certificate: string;
}

/** Undefined, and the test skipped, where there is no openssl. */
export function certified(t: TestContext): Certified | undefined {
  const folder = dataFolder(t);
  const [keyFile, certificateFile] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const subject = ["-subj", "/CN=croupier", "-addext", "subjectAltName=IP:127.0.0.1"];
  const files = ["-keyout", keyFile, "-out", certificateFile];
  const { status } = spawnSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", ...subject, ...files]);
  if (status !== 0) {
    skip(t, "needs openssl");
    return undefined;
  }
  return { keyFile, certificateFile, certificate: readFileSync(certificateFile, "utf8") };
}
