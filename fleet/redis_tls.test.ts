/** `rediss`: every process there is, sentinels included, is spoken to by TLS and must prove who it is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { certified } from "#tests/support/certificate.ts";
import { connected } from "#tests/support/directory_kinds.ts";
import { clusterNodes } from "#tests/support/redis_groups.ts";
import { refused } from "#tests/support/redis_refused.ts";
import { freePort, RedisServer } from "#tests/support/redis_server.ts";
import { scripts } from "./redis_scripts.ts";

test("[cluster] rediss: the certificate is checked, of a Redis, a sentinel and a cluster", async (t) => {
  const own = certified(t);
  if (own === undefined) return;
  const { keyFile, certificateFile } = own;
  const settings = {
    "tls-cert-file": certificateFile,
    "tls-key-file": keyFile,
    "tls-ca-cert-file": certificateFile,
    "tls-auth-clients": "no",
  };
  const [port, sentinelPort, nodePort] = [await freePort(), await freePort(), await freePort()];
  const server = await RedisServer.start(t, { settings: { ...settings, "tls-port": String(port) } });
  if (server === undefined) return;
  await RedisServer.start(t, {
    settings: { ...settings, "tls-port": String(sentinelPort), "tls-replication": "yes" },
    sentinel: [`sentinel monitor croupier-1 127.0.0.1 ${port} 1`],
  });
  await clusterNodes(t, 1, { ...settings, "tls-port": String(nodePort), "tls-cluster": "yes" });
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
