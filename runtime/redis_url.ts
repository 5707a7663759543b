/**
 * What `REDIS_URL` says, in one of three forms: one address, the sentinels that watch over a
 * primary, or nodes of a cluster. There may be a password in it: nothing here quotes the text.
 *
 *     redis://[[user]:password@]host[:6379][/database]
 *     redis-sentinel://[[user]:password@]host[:26379][,host…][/database]#primary
 *     redis-cluster://[[user]:password@]host[:6379][,host…]
 *
 * With TLS to every process there is: rediss, rediss-sentinel, rediss-cluster.
 */

export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

/** What a node is told before all else. */
export interface RedisAccess {
  readonly username?: string;
  readonly password?: string;
  /** Unset = 0. */
  readonly database?: number;
}

interface EveryForm {
  readonly access: RedisAccess;
  readonly tls: boolean;
}

interface OneAddress extends EveryForm {
  readonly is: "single";
  readonly address: RedisAddress;
}

export interface Sentinels extends EveryForm {
  readonly is: "sentinel";
  readonly sentinels: readonly RedisAddress[];
  /** As the sentinels call it. */
  readonly primary: string;
}

export interface ClusterNodes extends EveryForm {
  readonly is: "cluster";
  readonly nodes: readonly RedisAddress[];
}

export type RedisUrl = OneAddress | Sentinels | ClusterNodes;

const redisPort = 6379;
const sentinelPort = 26_379;

/** Undefined when it is none. */
export function readRedisUrl(text: string): RedisUrl | undefined {
  const pattern = /^redis(s?)(|-sentinel|-cluster):\/\/(?:([^/?#]*)@)?([^/?#@]+)(.*)$/;
  const [, secure, form, credentials = "", hosts = "", rest = ""] = pattern.exec(text) ?? [];
  const access = readAccess(credentials, rest);
  if (access === undefined) return undefined;
  const every = { access, tls: secure === "s" };
  if (form === "-sentinel") return readSentinels(every, hosts, rest);
  if (form === "-cluster") return readCluster(every, hosts, rest);
  const [address, ...more] = readAddresses(hosts, redisPort);
  return address === undefined || more.length > 0 || rest.includes("#") ? undefined : { is: "single", address, ...every };
}

function readSentinels(every: EveryForm, hosts: string, rest: string): Sentinels | undefined {
  const sentinels = readAddresses(hosts, sentinelPort);
  const [, primary] = /^[^?#]*#([A-Za-z0-9._-]+)$/.exec(rest) ?? [];
  return sentinels.length === 0 || primary === undefined ? undefined : { is: "sentinel", sentinels, primary, ...every };
}

/** A cluster has no databases. */
function readCluster(every: EveryForm, hosts: string, rest: string): ClusterNodes | undefined {
  const nodes = readAddresses(hosts, redisPort);
  return nodes.length === 0 || !/^(\/0?)?$/.test(rest) ? undefined : { is: "cluster", nodes, ...every };
}

/** Undefined when the credentials are not percent-encoded as in any URL, or the path is no database. */
function readAccess(credentials: string, rest: string): RedisAccess | undefined {
  const url = urlOf(`redis://${credentials === "" ? "" : `${credentials}@`}host${rest}`);
  const [, database] = /^(?:\/(\d{0,4}))?$/.exec(url?.pathname ?? "//") ?? [];
  if (url === undefined || (url.pathname.length > 1 && database === undefined)) return undefined;
  try {
    return {
      ...(url.username === "" ? {} : { username: decodeURIComponent(url.username) }),
      ...(url.password === "" ? {} : { password: decodeURIComponent(url.password) }),
      ...(database === undefined || database === "" ? {} : { database: Number(database) }),
    };
  } catch {
    return undefined;
  }
}

/** None when any of them is wrong. */
function readAddresses(hosts: string, defaultPort: number): readonly RedisAddress[] {
  const urls = hosts.split(",").map((host) => urlOf(`redis://${host}`));
  const addresses = urls.flatMap((url) => {
    const port = Number(url?.port || defaultPort);
    return url === undefined || url.hostname === "" || port === 0 ? [] : [{ host: url.hostname.replace(/^\[|\]$/g, ""), port }];
  });
  return addresses.length === urls.length ? addresses : [];
}

function urlOf(text: string): URL | undefined {
  return URL.canParse(text) ? new URL(text) : undefined;
}
