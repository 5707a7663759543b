/**
 * The Jobs' scripts, run by bash and curl as in their pods, against HTTPS servers that answer as Elasticsearch, Kibana and the API
 * server do: what they say there, that they wait, that they can be run again, and that no password is seen.
 */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer } from "node:https";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { dataFolder } from "#tests/support/data_folder.ts";
import { type Run, spawnRun } from "#tests/support/process.ts";
import { has } from "#tests/support/skip.ts";

const efk = new URL("./", import.meta.url);
const superuser = "of the superuser";

interface Heard {
  readonly what: string;
  readonly type: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

type Answer = (heard: Heard) => readonly [status: number, body: string];

/** An HTTPS server of a CA of its own. */
class Servant {
  readonly heard: Heard[] = [];
  readonly folder: string;
  port = 0;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(t: TestContext, answer: Answer): Promise<Servant> {
    const servant = new Servant(dataFolder(t));
    const [key, cert] = ["key", "ca.crt"].map((name) => join(servant.folder, name)) as [string, string];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const options = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "1"];
    execFileSync("openssl", ["req", "-x509", ...options, ...subject, "-keyout", key, "-out", cert], { stdio: "ignore" });
    const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
      void servant.#hear(request, response, answer);
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    servant.port = typeof address === "object" && address !== null ? address.port : 0;
    t.after(() => server.close());
    return servant;
  }

  get url(): string {
    return `https://localhost:${this.port}`;
  }

  get ca(): string {
    return join(this.folder, "ca.crt");
  }

  async #hear(request: IncomingMessage, response: ServerResponse, answer: Answer): Promise<void> {
    const body = Buffer.concat(await request.toArray()).toString();
    const { authorization, "content-type": type } = request.headers;
    const heard = { what: `${request.method} ${request.url}`, type, authorization, body };
    this.heard.push(heard);
    const [status, text] = answer(heard);
    response.writeHead(status, { "content-type": "application/json" }).end(text);
  }
}

function basic(password: string): string {
  return `Basic ${Buffer.from(`elastic:${password}`).toString("base64")}`;
}

function run(t: TestContext, script: string, env: Record<string, string>): Run {
  return spawnRun(t, "bash", [new URL(script, efk).pathname], { RETRY_SECONDS: "0.1", FILES: efk.pathname, ...env });
}

/** As the API server writes it to curl. */
function secretOf(data: Record<string, string>): string {
  return JSON.stringify({ kind: "Secret", data, metadata: { managedFields: [{ fieldsV1: { "f:data": { "f:password": {} } } }] } }, null, 2);
}

async function setUp(t: TestContext) {
  let secret: Record<string, string> = {};
  let sick = 2;
  const elasticsearch = await Servant.start(t, () => (sick-- > 0 ? [503, "{}"] : [200, "{}"]));
  let forbidden = 1;
  const kubernetes = await Servant.start(t, ({ what, body }) => {
    if (forbidden-- > 0) return [403, "{}"];
    if (what.startsWith("PATCH")) secret = { ...secret, ...(JSON.parse(body) as { data: Record<string, string> }).data };
    return [200, secretOf(secret)];
  });
  writeFileSync(join(elasticsearch.folder, "elastic"), superuser);
  writeFileSync(join(kubernetes.folder, "token"), "the account's token");
  const start = () =>
    run(t, "elasticsearch_setup.sh", {
      ELASTICSEARCH: elasticsearch.url,
      KUBERNETES: kubernetes.url,
      SECRET: "kube-system/fluentd-elasticsearch",
      CA: elasticsearch.ca,
      ACCOUNT: kubernetes.folder,
      ELASTIC_PASSWORD_FILE: join(elasticsearch.folder, "elastic"),
    });
  return { elasticsearch, kubernetes, start, secret: () => secret };
}

const file = (name: string) => readFileSync(new URL(name, efk), "utf8");

test("[logs] elasticsearch-setup waits, puts every file as it is, makes a user, and gives Fluentd its password and the CA", async (t) => {
  if (!has(t, "curl")) return;
  const { elasticsearch, kubernetes, start, secret } = await setUp(t);
  const job = start();
  assert.deepEqual(await job.exited, { code: 0, signal: null }, job.errors);

  const put = elasticsearch.heard.filter(({ what }) => what.startsWith("PUT"));
  assert.deepEqual(
    put.slice(0, 4).map(({ what, body }) => [what, body]),
    [
      ["PUT /_ilm/policy/fluentd", file("retention-policy.json")],
      ["PUT /_component_template/fluentd-retention", file("retention.json")],
      ["PUT /_index_template/fluentd", file("index-template.json")],
      ["PUT /_security/role/fluentd", file("fluentd-role.json")],
    ],
  );
  for (const { authorization } of elasticsearch.heard) assert.equal(authorization, basic(superuser));
  const user = JSON.parse(put[4]?.body ?? "{}") as { roles: string[]; password: string };
  assert.equal(put[4]?.what, "PUT /_security/user/fluentd");
  assert.deepEqual(user.roles, ["fluentd"]);
  assert.match(user.password, /^[0-9a-f]{64}$/);

  const { password, "ca.crt": ca } = secret();
  assert.equal(Buffer.from(password ?? "", "base64").toString(), user.password);
  assert.equal(Buffer.from(ca ?? "", "base64").toString(), readFileSync(elasticsearch.ca, "utf8"));
  const path = "/api/v1/namespaces/kube-system/secrets/fluentd-elasticsearch";
  assert.deepEqual([...new Set(kubernetes.heard.map(({ what }) => what))], [`GET ${path}`, `PATCH ${path}`]);
  for (const { authorization } of kubernetes.heard) assert.equal(authorization, "Bearer the account's token");
  const said = job.lines.join("\n") + job.errors;
  for (const word of [user.password, superuser, "token"]) assert.ok(!said.includes(word), said);
});

test("[logs] run again, the Job keeps Fluentd's password", async (t) => {
  if (!has(t, "curl")) return;
  const { elasticsearch, start, secret } = await setUp(t);
  await start().exited;
  const before = secret();
  const again = start();
  assert.deepEqual(await again.exited, { code: 0, signal: null }, again.errors);
  assert.deepEqual(secret(), before);
  const users = elasticsearch.heard.filter(({ what }) => what === "PUT /_security/user/fluentd");
  assert.equal(users.length, 2);
  assert.equal(users[0]?.body, users[1]?.body);
});

test("[logs] the Job tells nobody else's server anything: without the right CA it waits", async (t) => {
  if (!has(t, "curl")) return;
  const { elasticsearch } = await setUp(t);
  const other = await Servant.start(t, () => [200, "{}"]);
  writeFileSync(join(other.folder, "elastic"), superuser);
  const env = { ELASTICSEARCH: other.url, KUBERNETES: other.url, SECRET: "a/b", CA: elasticsearch.ca, ACCOUNT: other.folder };
  const job = run(t, "elasticsearch_setup.sh", { ...env, ELASTIC_PASSWORD_FILE: join(other.folder, "elastic") });
  await job.until((line) => line.startsWith("Elasticsearch does not answer"));
  assert.deepEqual(other.heard, []);
  assert.match(job.errors, /certificate/);
});

test("[logs] a template that Elasticsearch refuses ends the Job with what it says", async (t) => {
  if (!has(t, "curl")) return;
  const refuse = ({ what }: Heard): readonly [number, string] => (what.startsWith("PUT") ? [400, '{"error":"no such type"}'] : [200, "{}"]);
  const elasticsearch = await Servant.start(t, refuse);
  writeFileSync(join(elasticsearch.folder, "elastic"), superuser);
  writeFileSync(join(elasticsearch.folder, "token"), "token");
  const env = { ELASTICSEARCH: elasticsearch.url, KUBERNETES: elasticsearch.url, SECRET: "a/b", CA: elasticsearch.ca };
  const job = run(t, "elasticsearch_setup.sh", {
    ...env,
    ACCOUNT: elasticsearch.folder,
    ELASTIC_PASSWORD_FILE: join(elasticsearch.folder, "elastic"),
  });
  assert.equal((await job.exited).code, 1);
  assert.match(job.errors, /no such type/);
  assert.ok(!elasticsearch.heard.some(({ what }) => what.includes("_security/user")));
});

for (const [what, answer, code] of [
  ["loads the objects once Kibana is available", '{"success":true,"successCount":8}', 0],
  ["fails when one is not taken", '{"success":false,"errors":[{"id":"croupier"}]}', 1],
] as const) {
  test(`[logs] kibana-setup ${what}`, async (t) => {
    if (!has(t, "curl")) return;
    let starting = 2;
    const kibana = await Servant.start(t, ({ what: asked }) => {
      if (asked === "GET /api/status") return [200, `{"status":{"overall":{"level":"${starting-- > 0 ? "degraded" : "available"}"}}}`];
      return [200, answer];
    });
    writeFileSync(join(kibana.folder, "elastic"), superuser);
    const files = join(kibana.folder, "croupier.ndjson");
    writeFileSync(files, file("kibana/croupier.ndjson"));
    const env = { KIBANA: kibana.url, FILES: kibana.folder, CA: kibana.ca, ELASTIC_PASSWORD_FILE: join(kibana.folder, "elastic") };
    const job = run(t, "kibana_setup.sh", env);
    assert.equal((await job.exited).code, code, job.errors);
    const loaded = kibana.heard.at(-1);
    assert.equal(loaded?.what, "POST /api/saved_objects/_import?overwrite=true");
    assert.match(loaded?.type ?? "", /^multipart\/form-data/);
    assert.ok(loaded?.body.includes(file("kibana/croupier.ndjson")));
    assert.ok(!(job.lines.join() + job.errors).includes(superuser));
  });
}
