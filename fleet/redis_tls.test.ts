/** `rediss`: every process there is, sentinels included, is spoken to by TLS and must prove who it is. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { dataFolder } from "#tests/support/data_folder.ts";
import { connected } from "#tests/support/directory_kinds.ts";
import { clusterNodes } from "#tests/support/redis_groups.ts";
import { refused } from "#tests/support/redis_refused.ts";
import { freePort, RedisServer } from "#tests/support/redis_server.ts";
import { scripts } from "./redis_scripts.ts";

interface Certified {
  readonly settings: Record<string, string>;
  readonly certificate: string;
}

/** A certificate for this machine that nobody knows yet. Undefined, and the test skipped, where there is no openssl. */
function certified(t: TestContext): Certified | undefined {
  const folder = dataFolder(t);
  const [key, certificate] = [join(folder, "key.pem"), join(folder, "certificate.pem")];
  const subject = ["-subj", "/CN=croupier", "-addext", "subjectAltName=IP:127.0.0.1"];
  const files = ["-keyout", key, "-out", certificate];
  const { status } = spawnSync("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", ...subject, ...files]);
  if (status !== 0) {
    t.skip("needs openssl");
    return undefined;
  }
  const settings = { "tls-cert-file": certificate, "tls-key-file": key, "tls-ca-cert-file": certificate, "tls-auth-clients": "no" };
  return { settings, certificate: readFileSync(certificate, "utf8") };
}

test("[cluster] rediss: the certificate is checked, of a Redis, a sentinel and a cluster", async (t) => {
  const own = certified(t);
  if (own === undefined) return;
  const [port, sentinelPort, nodePort] = [await freePort(), await freePort(), await freePort()];
  const server = await RedisServer.start(t, { settings: { ...own.settings, "tls-port": String(port) } });
  if (server === undefined) return;
  await RedisServer.start(t, {
    settings: { ...own.settings, "tls-port": String(sentinelPort), "tls-replication": "yes" },
    sentinel: [`sentinel monitor croupier-1 127.0.0.1 ${port} 1`],
  });
  await clusterNodes(t, 1, { ...own.settings, "tls-port": String(nodePort), "tls-cluster": "yes" });
  const urls = [
    `rediss://127.0.0.1:${port}`,
    `rediss-sentinel://127.0.0.1:${sentinelPort}#croupier-1`,
    `rediss-cluster://127.0.0.1:${nodePort}`,
  ];
  for (const url of urls) assert.match(await refused(t, url), /self-signed certificate/);

  const before = getCACertificates("default");
  setDefaultCACertificates([...before, own.certificate]);
  t.after(() => setDefaultCACertificates(before));
  for (const url of urls) assert.equal((await (await connected(t, { url })).run(scripts.fleet)).is, "fleet");
});
