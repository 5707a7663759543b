/** Whose tokens let in, at real processes: public keys from JWKS_URL, at gates and at game servers' own ports, and refresh in place. */
import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { encode } from "#protocol/frame.ts";
import { Command, StringSchema } from "#protocol/gen/frame_pb.ts";
import { mintToken } from "#protocol/token.ts";
import { certified } from "./support/certificate.ts";
import { metricOf } from "./support/cluster.ts";
import { dataFolder } from "./support/data_folder.ts";
import { developmentKey } from "./support/entrance.ts";
import { Issuer, SigningKey } from "./support/issuer.ts";
import { Player } from "./support/player.ts";
import { Server, start } from "./support/process.ts";
import { RawConnection, upgradeHeaders } from "./support/raw.ts";

const [rsa, ec] = await Promise.all([SigningKey.make("RS256", "a"), SigningKey.make("ES256", "b")]);
const linkKey = Buffer.alloc(32, 6).toString("base64");
const nowSeconds = (): number => Math.floor(Date.now() / 1000);

async function upgrade(port: number, token: string) {
  return RawConnection.ask(port, `GET /?token=${token}`, upgradeHeaders);
}

test("[PROTOCOL §1.1] production with JWKS_URL, JWT_ISSUER and JWT_AUDIENCE, and no key of its own", async (t) => {
  const own = certified(t);
  if (own === undefined) return;
  const issuer = await Issuer.open(t, [rsa, ec], { key: readFileSync(own.keyFile), cert: Buffer.from(own.certificate) });
  const whose = { JWKS_URL: issuer.url, JWT_ISSUER: "login", JWT_AUDIENCE: "croupier,dice", NODE_EXTRA_CA_CERTS: own.certificateFile };
  const server = await Server.start(t, "single.ts", { ENV: "prod", LINK_KEY: linkKey, ...whose });
  await server.logged("keys read");
  const good = { id: 1, iss: "login", aud: "dice" };
  const player = await Player.connect(server.port, 1, { token: await rsa.sign(good) });
  player.sit();
  assert.equal((await player.hear(2))[0], "SitDown 1@0");
  const statuses = async (...tokens: Promise<string>[]): Promise<number[]> =>
    Promise.all(tokens.map(async (token) => (await upgrade(server.port, await token)).status));
  const without = SigningKey.make("ES256", "b");
  const refused = await statuses(
    rsa.sign({ ...good, iss: "else" }),
    rsa.sign({ ...good, aud: "else" }),
    rsa.sign({ ...good, exp: undefined }),
    rsa.sign({ ...good, exp: nowSeconds() - 1 }),
    (await without).sign(good),
    mintToken(1, developmentKey),
  );
  assert.deepEqual(refused, Array(6).fill(401));
  assert.deepEqual(await statuses(ec.sign(good)), [101]);
});

test("[PROTOCOL §1.1] the keys cannot be read: 503 with Retry-After, and not ready; tokens of JWT_KEY come in", async (t) => {
  const issuer = await Issuer.open(t, [rsa]);
  issuer.say("no", 500);
  const gate = await Server.start(t, "gate_server/main.ts", { JWKS_URL: issuer.url });
  await gate.logged("keys failure");
  assert.deepEqual(await gate.admin("/readyz"), { status: 503, body: "keyless\n" });
  const { status, headers } = await upgrade(gate.port, await rsa.sign({ id: 1 }));
  assert.deepEqual([status, headers["retry-after"]], [503, "5"]);
  assert.equal((await upgrade(gate.port, await mintToken(1, developmentKey))).status, 401, "no default key beside JWKS_URL");
  issuer.publish([rsa.jwk]);
  await gate.logged("keys read");
  assert.equal((await upgrade(gate.port, await rsa.sign({ id: 1 }))).status, 101);
  assert.equal(await metricOf(gate, "croupier_jwks_keys"), 1);
  assert.ok(Math.abs((await metricOf(gate, "croupier_jwks_read_timestamp_seconds")) - Date.now() / 1000) < 60);

  issuer.say("no", 500);
  const both = await Server.start(t, "gate_server/main.ts", {
    JWKS_URL: issuer.url,
    JWT_KEY: Buffer.from(developmentKey).toString("base64"),
  });
  assert.deepEqual((await both.admin("/readyz")).body, "unlinked\n");
  assert.equal((await upgrade(both.port, await mintToken(1, developmentKey))).status, 101);
});

test("[PROTOCOL §1.1] direct clients of a game server come in by the same keys", async (t) => {
  const issuer = await Issuer.open(t, [ec]);
  const server = await Server.start(t, "game_server/main.ts", { JWKS_URL: issuer.url });
  await server.logged("keys read");
  const player = await Player.connect(server.port, 5, { token: await ec.sign({ id: 5 }) });
  player.sit();
  assert.equal((await player.hear(2))[0], "SitDown 5@0");
  assert.equal((await upgrade(server.port, await mintToken(1, developmentKey))).status, 401);
});

test("[PROTOCOL §1.3] a session goes on with a token of another key and another kind, and ends with 4401 when that expires", async (t) => {
  const issuer = await Issuer.open(t, [ec]);
  const env = { JWKS_URL: issuer.url, JWT_KEY: Buffer.from(developmentKey).toString("base64"), PONG_TIMEOUT: "3s", JWT_ISSUER: "login" };
  const server = await Server.start(t, "single.ts", env);
  await server.logged("keys read");
  const { player, renew } = await renewing(t, server, await ec.sign({ id: 1, iss: "login", exp: nowSeconds() + 4 }));
  const bad = [
    ec.sign({ id: 2, iss: "login" }),
    ec.sign({ id: 1, iss: "else" }),
    ec.sign({ id: 1, iss: "login", exp: nowSeconds() - 1 }),
    rsa.sign({ id: 1, iss: "login" }),
    mintToken(1, developmentKey),
  ];
  for (const token of bad) assert.deepEqual(await renew(await token), ["Error 116 bad request"]);
  const renewedMs = Date.now();
  assert.deepEqual(await renew(await ec.sign({ id: 1, iss: "login", exp: nowSeconds() + 8 })), ["Token"]);
  assert.deepEqual(await player.closed, { code: 4401, reason: "token expired" });
  const livedMs = Date.now() - renewedMs;
  assert.ok(livedMs >= 6900, `closed after ${livedMs} ms: the new token counts`);
});

/** A session that brings new tokens, and hears what becomes of each. */
async function renewing(t: TestContext, { port }: Server, first: string) {
  const player = await Player.connect(port, 1, { token: first });
  t.after(() => player.drop());
  const renew = async (token: string): Promise<string[]> => {
    player.send(encode(Command.TOKEN, StringSchema, { v: token }));
    return player.hear();
  };
  return { player, renew };
}

test("[keys] tools that make their own tokens say what a server asks for, and that they cannot where others sign", async (t) => {
  const server = await Server.start(t, "single.ts", { JWT_ISSUER: "login,other", JWT_AUDIENCE: "croupier" });
  const dice = (env: Record<string, string>) => start(t, ["clients/dice.ts", "-port", String(server.port)], env);
  const known = dice({ JWT_ISSUER: "login,other", JWT_AUDIENCE: "croupier" });
  await known.until((line) => line === "connected as user 1");
  known.write("exit\n");
  assert.equal((await known.exited).code, 0);
  const sentence = /^JWT_KEY is not set: with JWKS_URL whoever has the private key makes the tokens\.\n/;
  const elsewhere = dice({ JWKS_URL: "https://login.example/keys" });
  assert.equal((await elsewhere.exited).code, 78);
  assert.match(elsewhere.errors, sentence);
  const bots = start(t, ["clients/bots.ts", "--port", String(server.port)], { JWKS_URL: "https://login.example/keys" });
  assert.equal((await bots.exited).code, 78);
  assert.match(bots.errors, sentence);
});

test("[keys] single mode takes a new JWT_KEY while it runs: old and new tokens come in, then new ones only, and nobody is sent away", async (t) => {
  const [folder, old, next] = [dataFolder(t), Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
  const [file, previous] = [join(folder, "key"), join(folder, "previous")];
  writeFileSync(file, old.toString("base64"));
  const server = await Server.start(t, "single.ts", { JWT_KEY_FILE: file, JWT_KEY_PREVIOUS_FILE: previous });
  const ask = async (key: Uint8Array): Promise<number> => (await upgrade(server.port, await mintToken(9, key))).status;
  const player = await Player.seated({ url: `ws://127.0.0.1:${server.port}`, key: old }, 1);
  await player.hear(2);
  assert.deepEqual([await ask(old), await ask(next), await ask(developmentKey)], [101, 401, 401]);
  writeFileSync(previous, old.toString("base64"));
  writeFileSync(file, next.toString("base64"));
  await server.logged("secret change");
  assert.deepEqual([await ask(old), await ask(next)], [101, 101]);
  const from = server.lines.length;
  rmSync(previous);
  await server.loggedFrom("secret change", from);
  assert.deepEqual([await ask(old), await ask(next)], [401, 101]);
  player.shake();
  assert.match((await player.hear()).join(), /^Shake 1/);
  await player.settle();
});
