/**
 * A host that is not this machine: a network namespace, with a cable to this one, gone with the test. What runs there
 * comes to our servers from addresses of its own, none of them loopback, and reaches nothing else.
 */
import { spawnSync } from "node:child_process";
import type { TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { type Run, spawnRun } from "./process.ts";
import { skip } from "./skip.ts";

let hosts = 0;

export class StrangeHost {
  /** Ours, as it calls us. */
  readonly here: string;
  readonly address: string;
  /** In one /64. */
  readonly hereInIpv6: string;
  readonly #t: TestContext;
  readonly #name: string;

  private constructor(t: TestContext, at: number) {
    const net = (process.pid * 7 + at) % 250;
    this.#t = t;
    this.#name = `croupier${process.pid}x${at}`;
    this.here = `198.18.${net}.1`; // for tests between networks (RFC 2544)
    this.address = `198.18.${net}.2`;
    this.hereInIpv6 = `2001:db8:${net}::1`;
  }

  /** Undefined, and the test skipped, where no namespace may be made. */
  static async open(t: TestContext, ipv6: readonly string[] = []): Promise<StrangeHost | undefined> {
    const host = new StrangeHost(t, ++hosts);
    const name = host.#name;
    if (!ip("netns", "add", name)) {
      skip(t, "no network namespace may be made here, or there is no ip");
      return undefined;
    }
    t.after(() => ip("netns", "del", name)); // and the cable with it
    const [near, far] = [`cr${process.pid}a${hosts}`, `cr${process.pid}b${hosts}`];
    const wanted = [
      ["link", "add", near, "type", "veth", "peer", "name", far, "netns", name],
      ["addr", "add", `${host.here}/24`, "dev", near],
      ["addr", "add", `${host.hereInIpv6}/48`, "dev", near, "nodad"],
      ["link", "set", near, "up"],
      ["-n", name, "addr", "add", `${host.address}/24`, "dev", far],
      ...ipv6.map((tail) => ["-n", name, "addr", "add", `${host.inIpv6(tail)}/48`, "dev", far, "nodad"]),
      ["-n", name, "link", "set", far, "up"],
    ];
    for (const words of wanted) if (!ip(...words)) throw new Error(`ip ${words.join(" ")} failed`);
    await sleep(100); // until the cable is up at both ends
    return host;
  }

  /** An address of it in IPv6: `tail` is what stands behind our /48. */
  inIpv6(tail: string): string {
    return this.hereInIpv6.replace("::1", `:${tail}`);
  }

  /** Runs a file of this project there. */
  run(...args: string[]): Run {
    return spawnRun(this.#t, "ip", ["netns", "exec", this.#name, process.execPath, ...args]);
  }
}

function ip(...words: string[]): boolean {
  return spawnSync("ip", words).status === 0;
}
