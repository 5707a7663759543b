/**
 * The images of the cluster tests: the real ones, by the Dockerfile and under the names that documents give, in two
 * releases that differ in nothing but their name; and what tests derive of them (./Dockerfile), with a mark of the
 * checkout: several may share one cluster. Who builds them is main.ts; tests only name them.
 */
import { createHash } from "node:crypto";

export const root = new URL("../../", import.meta.url).pathname;

const mark = createHash("sha256").update(root).digest("hex").slice(0, 6);

export interface Image {
  readonly name: string;
  /** Of docker build, or of `build-image`, beside the context, which is the checkout. */
  readonly options: readonly string[];
}

const derived = ["--file", `${root}tests/cluster/Dockerfile`, "--ignorefile", "/dev/null"];

/** By the line that documents give. */
function server(of: "gate_server" | "game_server", release: string, tag = release): Image {
  return { name: `croupier/${of}:${tag}`, options: ["--build-arg", `SERVER=${of}`, "--build-arg", `VERSION=v${release}`] };
}

/** A game server that deals the ledger and the flood, too. */
function dealing(tag: string, target = "deals"): Image {
  const options = [...derived, "--target", target, "--build-arg", `TAG=${tag}`];
  return { name: `croupier/game_server:${tag}-${target}-${mark}`, options };
}

function redis(name: string): Image {
  return { name, options: ["--file", `${root}tests/cluster/redis.Dockerfile`] };
}

/** In the order in which they are built: what is derived comes after what it is derived of. */
export const images = {
  gate: server("gate_server", "1.2", "1"),
  nextGate: server("gate_server", "1.3"),
  game: server("game_server", "1.2", "1"),
  nextGame: server("game_server", "1.3"),
  client: { name: "croupier/game_server:client", options: ["--target", "client-final"] },
  /** The game servers under test. */
  dealer: dealing("1"),
  nextDealer: dealing("1.3"),
  crashes: dealing("1.3", "crashes"),
  neverReady: dealing("1.3", "never-ready"),
  cannotRestore: dealing("1.3", "cannot-restore"),
  redis: redis("croupier/redis:8.0"),
  /** By the name that the flat files have. */
  officialRedis: redis("redis:8.0"),
} as const satisfies Readonly<Record<string, Image>>;
