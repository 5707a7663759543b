/**
 * The settings: one table of every environment variable this project reads, with its
 * default and the reason for it. The README's table is this one (a test compares them).
 * A wrong value stops the start with one sentence that never shows a secret; a variable
 * that is not in the table is not ours.
 */
import { BlockList, isIP } from "node:net";
import { type RedisUrl, readRedisUrl } from "./redis_url.ts";
import { type Environment, readSecretFiles, type SecretFile, secretFilesOf, withSecrets } from "./secret_files.ts";
import { SettingError } from "./setting_error.ts";

export { SettingError } from "./setting_error.ts";

interface Row<Value> {
  readonly env: string;
  /** As an operator would write it; "" = unset. */
  readonly byDefault: string;
  readonly about: string;
  /** Turns the text into a value, or throws a `SettingError` that names the variable. */
  readonly read: (text: string, env: string) => Value;
  /** An empty secret is refused rather than taken as unset, and may be in a file. A passing one: that file may be gone. */
  readonly secret?: "lasting" | "passing";
}

const developmentJwtKey = "ZGVmYXVsdF9rZXk=";
const developmentLinkKey = "ZGVmYXVsdF9saW5r";
const keyBytesMin = 8;
export const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
const productionKeyBytesMin = 32;

export const settingRows = {
  env: row(
    "ENV",
    "dev",
    oneOf("dev", "prod"),
    "`dev`: default keys, tokens without `exp`, direct connections, preset dice. `prod`: none of them",
  ),
  jwtKey: secret(
    "JWT_KEY",
    key,
    "base64 of the key that signs players' tokens (HS256, HS384, HS512); in dev a documented default, unless there is `JWKS_URL`. prod: ≥ 32 bytes; it or `JWKS_URL`",
  ),
  jwtKeyPrevious: passingSecret(
    "JWT_KEY_PREVIOUS",
    optional(key),
    "accepted beside `JWT_KEY`, for as long as tokens signed with it are about; base64, prod: ≥ 32 bytes",
  ),
  jwksUrl: row(
    "JWKS_URL",
    "",
    optional(webUrl),
    "where the keys of tokens signed with RS256, ES256 or EdDSA are published, as a JSON Web Key Set: `https://…`, or `http://…` within a network of your own",
  ),
  jwtIssuers: row("JWT_ISSUER", "", names, "tokens must be of this issuer (`iss`), or one of this list; unset = whatever it is"),
  jwtAudiences: row("JWT_AUDIENCE", "", names, "tokens must be for this audience (`aud`), or one of this list; unset = whatever it is"),
  linkKey: secret("LINK_KEY", key, "base64 of the key of links between our own processes; in dev a documented default. prod: ≥ 32 bytes"),
  linkKeyPrevious: passingSecret(
    "LINK_KEY_PREVIOUS",
    optional(key),
    "accepted beside `LINK_KEY`: the next key before it is used anywhere, the last one for as long as it still is; base64, prod: ≥ 32 bytes",
  ),
  host: row("HOST", "", text, "address the client listener binds; unset = every one"),
  port: row("PORT", "", optional(whole(0, 65_535)), "client listener: gate 60006, game server 60001; 0 = any free one"),
  adminHost: row("ADMIN_HOST", "", text, "address the admin listener binds; unset = 127.0.0.1 in dev, every one in prod"),
  adminPort: row("ADMIN_PORT", "60009", whole(0, 65_535), "admin listener of every process; 0 = any free one"),
  adminToken: secret(
    "ADMIN_TOKEN",
    optional(token),
    "bearer token of the admin listener, for all it can do; without one, and without `ADMIN_READ_TOKEN`, it answers loopback only, `/livez` and `/readyz` aside",
  ),
  adminReadToken: secret("ADMIN_READ_TOKEN", optional(token), "another one, for what changes nothing there: metrics, lists, descriptions"),
  adminOrigins: row(
    "ADMIN_ORIGINS",
    "",
    origins,
    "origins whose pages may ask the admin listener, such as `http://127.0.0.1:60016`, beside its own page: where an operator's page shows several processes. Where a token is set, it is asked for all the same",
  ),
  logLevel: row(
    "LOG_LEVEL",
    "info",
    oneOf(...logLevels),
    "least level that is logged; `POST /log-level` changes it while the process runs",
  ),
  metrics: row(
    "METRICS",
    "on",
    oneOf("on", "off"),
    "`off`: no `/metrics`, and nothing is timed. What it costs is in ops/README.md: nothing that would be felt",
  ),
  version: row("VERSION", "dev", text, "release name in logs, hellos and metrics"),
  games: row(
    "GAMES",
    "",
    list,
    "games a game server deals: names of its own, and paths of modules that export one as `game`, such as `./my-game/game.ts`; unset = all of its own",
  ),
  gameServers: row(
    "GAME_SERVERS",
    "",
    servers,
    "static fleet: `game=host:port,…`, names looked up every 5 s. What a gate links (unset = `dice=127.0.0.1:60001`), and where a game server finds others to give rooms to (unset = nowhere)",
  ),
  fleet: row(
    "FLEET",
    "",
    optional(oneOf("static", "redis", "kubernetes")),
    "how gates find game servers: `static`, by `GAME_SERVERS`; `redis`, they show themselves there; `kubernetes`, the same, and only ready endpoints of `FLEET_SERVICES` are offered rooms (needs `REDIS_URL`, too). Unset = redis when `REDIS_URL` is set, else static",
  ),
  fleetServices: row(
    "FLEET_SERVICES",
    "dice",
    services,
    "kubernetes fleet: Services of our namespace whose ready endpoints may be offered new rooms, and rooms that move",
  ),
  redisUrl: row(
    "REDIS_URL",
    "",
    optional(redisUrl),
    "the directory of any number of gates and game servers: `redis://[[user]:password@]host[:6379][/database]`, `redis-sentinel://[[user]:password@]host[:26379][,host…][/database]#name-of-primary` or `redis-cluster://[[user]:password@]host[:6379][,host…]`; with `rediss` for TLS",
  ),
  advertise: row(
    "ADVERTISE",
    "",
    optional(place),
    "`host` or `host:port` that gates dial for this game server, such as a pod's IP. Unset = `HOST`, or else this machine's first address, and the port it listens at",
  ),
  seats: row("SEATS", "4", whole(1, 1024), "playing seats of games that do not say"),
  origins: row("ORIGINS", "", list, "browser origins let in, such as `https://play.example`; unset = all"),
  pageDir: row("PAGE_DIR", "", optional(text), "folder of the page that a gate serves at `/`; unset = the dice page of this checkout"),
  trustedProxies: row("TRUSTED_PROXIES", "", blocks, "addresses or CIDR blocks whose X-Forwarded-For is believed (PROTOCOL §1.1)"),
  holdMs: row(
    "HOLD",
    "90s",
    duration,
    "how long a seat is kept whose way to its client we lost; game servers wait 15 s longer; 0 = for ever. Longer than a pod takes to come back",
  ),
  drain: row(
    "DRAIN",
    "move",
    oneOf("move", "park", "wait"),
    "what the first signal tries: `move` rooms to other servers, `park` them in the journal for this server's successor, `wait` until they end; each falls back to the next",
  ),
  park: row(
    "PARK",
    "",
    optional(oneOf("on", "off")),
    "`on` promises that a successor starts on the same `DATA_DIR`, so rooms may be parked; unset = on in single mode, off elsewhere. Never with `JOURNAL=memory`",
  ),
  drainDeadlineMs: row(
    "DRAIN_DEADLINE",
    "110s",
    duration,
    "what is left of a drain is then parked, or dissolved without `PARK`: below the 120 s a preStop hook waits; 0 = never",
  ),
  drainDelayMs: row(
    "DRAIN_DELAY",
    "0",
    duration,
    "a leaving gate closes nobody for so long, until nobody is sent to it, or to others that leave with it, any more: some seconds behind a load balancer",
  ),
  drainWindowMs: row(
    "DRAIN_WINDOW",
    "20s",
    duration,
    "a leaving gate spreads its closes over at most this, so that its clients do not come back all at once",
  ),
  noticeEveryMs: row("NOTICE_EVERY", "5s", upTo("10s"), "how often players of a draining server are told, at most 10s; 0 = never"),
  noticeLanguage: row("NOTICE_LANGUAGE", "en", oneOf("en", "zh"), "of the notices that are text for players: English or Chinese"),
  messagesPerSecond: row(
    "MESSAGES_PER_SECOND",
    "50",
    whole(0, 1_000_000),
    "messages a session may send per second, a burst of twice that; 0 = no limit. Ten times what a fast game needs",
  ),
  connectionsPerAddress: row(
    "CONNECTIONS_PER_ADDRESS",
    "1000",
    whole(0, 1_000_000),
    "a large household or a small company; an IPv6 /64 is one address; loopback and trusted proxies aside; 0 = no limit",
  ),
  connectionsPerUser: row("CONNECTIONS_PER_USER", "10", whole(0, 1_000_000), "tabs and devices of one person; 0 = no limit"),
  pongTimeoutMs: row("PONG_TIMEOUT", "60s", duration, "a client that answers no ping for so long is closed: three lost pings"),
  queueBytesMax: row(
    "QUEUE_BYTES",
    "262144",
    whole(1024, 2 ** 30),
    "unsent bytes per session before a slow reader is cut: 8 of the largest messages",
  ),
  watchersMax: row("WATCHERS", "64", whole(0, 4096), "watchers per room"),
  dataDir: row("DATA_DIR", "./data", text, "folder of a game server's journal"),
  journal: row("JOURNAL", "sqlite", oneOf("sqlite", "memory"), "`memory` keeps nothing: rooms die with their process"),
  journalSync: row(
    "JOURNAL_SYNC",
    "os",
    oneOf("os", "full"),
    "`os`: what was committed survives the process. `full`: also a power cut, for a disk write per turn",
  ),
  roomsMax: row("ROOMS", "50000", whole(1, 10_000_000), "rooms per game server: what 1 GB holds with room to spare"),
  abandonAfterMs: row(
    "ABANDON_AFTER",
    "1h",
    duration,
    "rooms of a game server that has been silent so long may be opened anew; one cut off from Redis for half of it stops playing them. The same on every process; 0 = never",
  ),
} as const;

export type Settings = { readonly [Name in keyof typeof settingRows]: ReturnType<(typeof settingRows)[Name]["read"]> };

/**
 * Reads every setting from `env`.
 * @throws {SettingError} at the first value that is wrong.
 */
export function readSettings(env: Environment): Settings {
  const rows = Object.entries(settingRows) as [string, Row<unknown>][];
  const whole = withSecrets(env, readSecretFiles(secretFilesIn(env)));
  const settings = byEnv(Object.fromEntries(rows.map(([name, setting]) => [name, readRow(setting, whole)])) as Settings, whole);
  if (settings.adminReadToken !== undefined && settings.adminReadToken === settings.adminToken)
    throw new SettingError("ADMIN_READ_TOKEN is the same as ADMIN_TOKEN: whoever may read could do everything.");
  return settings;
}

/**
 * The secrets that `env` has in files.
 * @throws {SettingError} when one is given both ways.
 */
export function secretFilesIn(env: Environment): SecretFile[] {
  const rows = Object.values(settingRows) as Row<unknown>[];
  const secrets = rows.filter(({ secret }) => secret !== undefined);
  return secretFilesOf(
    env,
    secrets.map(({ env: name, secret }) => ({ env: name, passing: secret === "passing" })),
  );
}

/**
 * One setting that does not depend on `ENV`, for who needs no other.
 * @throws {SettingError}
 */
export function readSetting<Name extends "version" | "drainDeadlineMs" | "adminToken" | "adminReadToken">(
  name: Name,
  env: Environment,
): Settings[Name] {
  const setting = settingRows[name] as Row<Settings[Name]>;
  const file = secretFilesIn(env).filter((secret) => secret.env === setting.env);
  return readRow(setting, withSecrets(env, readSecretFiles(file)));
}

function readRow<Value>({ env: name, byDefault, secret: isSecret, read }: Row<Value>, env: Environment): Value {
  const given = env[name];
  if (given === "" && isSecret !== undefined) throw new SettingError(`${name} is empty: unset it or give it a value.`);
  return read(given === undefined || given === "" ? byDefault : given, name);
}

/** What depends on `ENV`: development has documented keys and hides its admin listener, production asks for long keys of your own. */
function byEnv(settings: Settings, env: Environment): Settings {
  return settings.env === "dev" ? inDevelopment(settings) : inProduction(settings, env);
}

function inDevelopment(settings: Settings): Settings {
  const { adminHost, jwtKey, jwksUrl, linkKey } = settings;
  return {
    ...settings,
    adminHost: adminHost === "" ? "127.0.0.1" : adminHost,
    jwtKey: jwtKey.length === 0 && jwksUrl === undefined ? key(developmentJwtKey, "JWT_KEY") : jwtKey,
    linkKey: linkKey.length === 0 ? key(developmentLinkKey, "LINK_KEY") : linkKey,
  };
}

function inProduction(settings: Settings, env: Environment): Settings {
  for (const name of settings.jwksUrl === undefined ? ["JWT_KEY", "LINK_KEY"] : ["LINK_KEY"])
    if (env[name] === undefined) throw new SettingError(`${name} is missing: ENV=prod has no default keys.`);
  for (const [name, bytes] of [
    ["JWT_KEY", settings.jwtKey],
    ["JWT_KEY_PREVIOUS", settings.jwtKeyPrevious],
    ["LINK_KEY", settings.linkKey],
    ["LINK_KEY_PREVIOUS", settings.linkKeyPrevious],
  ] as const) {
    if (bytes !== undefined && env[name] !== undefined && bytes.length < productionKeyBytesMin)
      throw new SettingError(`${name} is too short: ENV=prod wants at least ${productionKeyBytesMin} bytes.`);
  }
  return { ...settings, adminHost: settings.adminHost === "" ? "::" : settings.adminHost };
}

/** Keys that are accepted: the first is the one that is used. */
export type Keys = readonly [current: Uint8Array, ...previous: Uint8Array[]];

/** None, where `JWKS_URL` has all. */
export function jwtKeysOf({ jwtKey, jwtKeyPrevious }: Settings): readonly Uint8Array[] {
  return [jwtKey, jwtKeyPrevious].filter((key) => key !== undefined && key.length > 0) as Uint8Array[];
}

export function linkKeysOf({ linkKey, linkKeyPrevious }: Settings): Keys {
  return linkKeyPrevious === undefined ? [linkKey] : [linkKey, linkKeyPrevious];
}

/** A fleet of processes that share Redis. */
export type SharedFleet =
  | { readonly is: "redis"; readonly url: RedisUrl }
  | { readonly is: "kubernetes"; readonly url: RedisUrl; readonly services: readonly string[] };

/**
 * How gates and game servers of their own find each other.
 * @throws {SettingError}
 */
export function fleetOf({ fleet, redisUrl: url, fleetServices: services }: Settings): { readonly is: "static" } | SharedFleet {
  if (fleet === "static" || (fleet === undefined && url === undefined)) return { is: "static" };
  if (url === undefined) throw new SettingError(`FLEET=${fleet} needs REDIS_URL.`);
  return fleet === "kubernetes" ? { is: "kubernetes", url, services } : { is: "redis", url };
}

/** The one game server that a gate links when it is told of none. */
export const gameServerByDefault: ServerName = { game: "dice", host: "127.0.0.1", port: 60_001 };

/** The variables that have their documented development value: each deserves a warning. */
export function defaultKeysInUse({ jwtKey, linkKey }: Settings): string[] {
  const isDefault = (bytes: Uint8Array, byDefault: string): boolean => Buffer.from(bytes).equals(Buffer.from(byDefault, "base64"));
  return [...(isDefault(jwtKey, developmentJwtKey) ? ["JWT_KEY"] : []), ...(isDefault(linkKey, developmentLinkKey) ? ["LINK_KEY"] : [])];
}

function row<Value>(env: string, byDefault: string, read: Row<Value>["read"], about: string): Row<Value> {
  return { env, byDefault, read, about };
}

function secret<Value>(env: string, read: Row<Value>["read"], about: string): Row<Value> {
  return { env, byDefault: "", read, about, secret: "lasting" };
}

function passingSecret<Value>(env: string, read: Row<Value>["read"], about: string): Row<Value> {
  return { ...secret(env, read, about), secret: "passing" };
}

function text(value: string): string {
  return value;
}

/** Whether a header can carry it as it is. */
export function isToken(value: string): boolean {
  return /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value);
}

/** The error says nothing of the value. */
function token(value: string, env: string): string {
  if (isToken(value)) return value;
  throw new SettingError(`${env} is no token: there is something in it that no header can carry, or a space at an end.`);
}

function optional<Value>(read: Row<Value>["read"]): Row<Value | undefined>["read"] {
  return (value, env) => (value === "" ? undefined : read(value, env));
}

function oneOf<const Word extends string>(...words: Word[]): Row<Word>["read"] {
  return (value, env) => {
    const word = words.find((candidate) => candidate === value);
    if (word === undefined) throw new SettingError(`${env} must be one of ${words.join(", ")}, not ${shown(value)}.`);
    return word;
  };
}

function whole(least: number, most: number): Row<number>["read"] {
  return (value, env) => {
    const number = /^[0-9]{1,12}$/.test(value) ? Number(value) : Number.NaN;
    if (!(number >= least && number <= most))
      throw new SettingError(`${env} must be a whole number from ${least} to ${most}, not ${shown(value)}.`);
    return number;
  };
}

const unitMs = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 } as const;

/** Milliseconds. @throws {SettingError} that names `env`, be it a variable or a flag. */
export function duration(value: string, env: string): number {
  if (value === "0") return 0;
  const [, amount, unit] = /^([0-9]{1,9})(ms|s|m|h)$/.exec(value) ?? [];
  if (amount === undefined) throw new SettingError(`${env} must be a duration such as 250ms, 90s, 5m or 1h, not ${shown(value)}.`);
  return Number(amount) * unitMs[unit as keyof typeof unitMs];
}

/** Of what others expect to hear. */
function upTo(most: string): Row<number>["read"] {
  return (value, env) => {
    const ms = duration(value, env);
    if (ms > duration(most, env)) throw new SettingError(`${env} must be at most ${most}, not ${shown(value)}.`);
    return ms;
  };
}

function list(value: string): readonly string[] {
  return value === "" ? [] : value.split(",").map((item) => item.trim());
}

/** A list of names that tokens have: an empty one would let in whoever has none. */
function names(value: string, env: string): readonly string[] {
  const all = list(value);
  if (all.includes("")) throw new SettingError(`${env} must be a list of names, and one of them is empty.`);
  return all;
}

/** As browsers write them: a scheme, a host, and a port that is not the scheme's own. */
function origins(value: string, env: string): readonly string[] {
  const all = list(value);
  const wrong = all.find((origin) => !/^https?:\/\/[^*]+$/.test(origin) || URL.parse(origin)?.origin !== origin);
  if (wrong !== undefined)
    throw new SettingError(`${env} must be a list of origins such as https://ops.example, and ${shown(wrong)} is none.`);
  return all;
}

/** The error says nothing of the value: there may be a password in it. */
function webUrl(value: string, env: string): URL {
  const url = URL.parse(value);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== "" || url.password !== "" || url.hash !== "")
    throw new SettingError(`${env} must be such as https://login.example/.well-known/jwks.json, without a password.`);
  return url;
}

/** Names of Services: DNS labels. */
function services(value: string, env: string): readonly string[] {
  const names = list(value);
  const wrong = names.find((name) => !/^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name));
  if (wrong !== undefined) throw new SettingError(`${env} must be a list of Services such as dice, and ${shown(wrong)} is none.`);
  return names;
}

/** Base64, plain or URL-safe. The errors say nothing about the value. */
function key(value: string, env: string): Uint8Array {
  const digits = value.replace(/={1,2}$/, "");
  if (!/^[A-Za-z0-9+/_-]*$/.test(digits) || digits.length % 4 === 1) throw new SettingError(`${env} is no base64.`);
  const bytes = new Uint8Array(Buffer.from(digits, "base64"));
  if (value !== "" && bytes.length < keyBytesMin) throw new SettingError(`${env} is too short: at least ${keyBytesMin} bytes, decoded.`);
  return bytes;
}

function blocks(value: string, env: string): BlockList {
  const blockList = new BlockList();
  for (const block of list(value)) {
    const [, address = "", prefix] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(block) ?? [];
    const family = isIP(address);
    const bitsMax = family === 4 ? 32 : 128;
    const bits = prefix === undefined ? bitsMax : Number(prefix);
    if (family === 0 || bits > bitsMax) {
      throw new SettingError(`${env} must be a list of addresses or CIDR blocks, and ${shown(block)} is neither.`);
    }
    blockList.addSubnet(address, bits, family === 4 ? "ipv4" : "ipv6");
  }
  return blockList;
}

/** One entry of `GAME_SERVERS`. */
export interface ServerName {
  readonly game: string;
  readonly host: string;
  readonly port: number;
}

function servers(value: string, env: string): readonly ServerName[] {
  return list(value).map((entry) => {
    const [, game, host, port] = /^([a-z][a-z0-9_-]{0,63})=(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+):([0-9]{1,5})$/.exec(entry) ?? [];
    if (game === undefined || host === undefined || !(Number(port) >= 1 && Number(port) <= 65_535)) {
      throw new SettingError(`${env} must be a list such as dice=host:60001, and ${shown(entry)} is no entry of one.`);
    }
    return { game, host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
  });
}

/** The error says nothing of the value: there may be a password in it. */
function redisUrl(value: string, env: string): RedisUrl {
  const url = readRedisUrl(value);
  if (url !== undefined) return url;
  const [, form] = /^rediss?-(sentinel|cluster):/.exec(value) ?? [];
  throw new SettingError(`${env} must be such as ${redisUrlExamples[form as keyof typeof redisUrlExamples] ?? redisUrlExamples.single}.`);
}

const redisUrlExamples = {
  single: "redis://host:6379, or rediss://user:password@host:6379/0",
  sentinel: "redis-sentinel://host:26379,host:26380/0#name-of-primary, or redis-sentinel://user:password@host#name-of-primary",
  cluster: "redis-cluster://host:6379,host:6380, or redis-cluster://user:password@host:6379; it has no database",
};

/** Where something may be dialled. */
export interface Place {
  readonly host: string;
  readonly port: number | undefined;
}

function place(value: string, env: string): Place {
  const [, host, port] =
    /^(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,253})(?::([0-9]{1,5}))?$/.exec(isIP(value) === 6 ? `[${value}]` : value) ?? [];
  if (host === undefined || (port !== undefined && !(Number(port) >= 1 && Number(port) <= 65_535)))
    throw new SettingError(`${env} must be a host, or host:port, not ${shown(value)}.`);
  return { host, port: port === undefined ? undefined : Number(port) };
}

/** A wrong value, within the sentence that says so. */
export function shown(value: string): string {
  return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
}
