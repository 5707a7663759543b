/**
 * The images of the cluster tests: the real ones, by the Dockerfile, in two releases that differ
 * in nothing but their name, and what tests derive of them (./Dockerfile). Who builds them is main.ts;
 * tests only name them. Tags carry a mark of the checkout: several may share one cluster.
 */
import { createHash } from "node:crypto";

export const root = new URL("../../", import.meta.url).pathname;

const mark = createHash("sha256").update(root).digest("hex").slice(0, 6);

interface Image {
  readonly name: string;
  /** Of `build-image`, beside the context, which is the checkout. */
  readonly options: readonly string[];
}

const derived = ["--file", `${root}tests/cluster/Dockerfile`, "--ignorefile", "/dev/null"];

function server(of: "gate_server" | "game_server", release: string): Image {
  return { name: `croupier/${of}:${release}-${mark}`, options: ["--build-arg", `SERVER=${of}`, "--build-arg", `VERSION=${release}`] };
}

function dealing(release: string, target = "deals"): Image {
  const options = [...derived, "--target", target, "--build-arg", `RELEASE=${release}-${mark}`];
  return { name: `croupier/game_server:${release}-${target}-${mark}`, options };
}

/** In the order in which they are built: what is derived comes after what it is derived of. */
export const images = {
  gate: server("gate_server", "1.0"),
  nextGate: server("gate_server", "1.1"),
  game: server("game_server", "1.0"),
  nextGame: server("game_server", "1.1"),
  /** The game servers under test: they deal the ledger and the flood, too. */
  dealer: dealing("1.0"),
  nextDealer: dealing("1.1"),
  crashes: dealing("1.1", "crashes"),
  neverReady: dealing("1.1", "never-ready"),
  cannotRestore: dealing("1.1", "cannot-restore"),
  client: { name: `croupier/game_server:client-${mark}`, options: ["--target", "client-final"] },
  redis: { name: `croupier/redis:${mark}`, options: [...derived, "--target", "redis"] },
} as const satisfies Readonly<Record<string, Image>>;
