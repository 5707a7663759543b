/**
 * The NetworkPolicies let through exactly the flows of faults §5, and README.md lists the same. What a
 * cluster does with them is the cluster's: here both ends of every flow are compared.
 */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { k8s, type Labels, type Manifest, manifestFiles, workloads } from "#tests/support/manifests.ts";

interface Peer {
  readonly podSelector?: { readonly matchLabels: Labels };
  readonly namespaceSelector?: { readonly matchLabels: Labels };
}

interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports: readonly { readonly port: number; readonly protocol?: string }[];
}

interface Policy {
  readonly podSelector: { readonly matchLabels?: Labels };
  readonly policyTypes: readonly string[];
  readonly ingress?: readonly Rule[];
  readonly egress?: readonly Rule[];
}

/** from, to, port; names of pods are their label `app`. */
const flows = [
  ["anywhere", "gate", "60006"],
  ["game_server", "anywhere", "443"],
  ["game_server", "anywhere", "6443"],
  ["game_server", "game_server", "60001"],
  ["game_server", "kube-dns in kube-system", "53"],
  ["game_server", "kube-dns in kube-system", "53/UDP"],
  ["game_server", "redis", "6379"],
  ["gate", "anywhere", "443"],
  ["gate", "anywhere", "6443"],
  ["gate", "game_server", "60001"],
  ["gate", "kube-dns in kube-system", "53"],
  ["gate", "kube-dns in kube-system", "53/UDP"],
  ["gate", "redis", "6379"],
  ["prometheus in monitoring", "game_server", "60009"],
  ["prometheus in monitoring", "gate", "60009"],
] as const;

const files = manifestFiles();
const policies = [...files].filter(([file]) => file.startsWith("base/network/")).flatMap(([, manifests]) => manifests);
const named = policies.filter(({ kind }) => kind === "NetworkPolicy");
const apps = new Set(["gate", "game_server", "redis"]);

function specOf(policy: Manifest): Policy {
  return policy.spec as unknown as Policy;
}

function peerName({ podSelector, namespaceSelector }: Peer): string {
  const pod = Object.values(podSelector?.matchLabels ?? {});
  const namespace = Object.values(namespaceSelector?.matchLabels ?? {});
  return [...pod, ...namespace.map((name) => `in ${name}`)].join(" ");
}

/** Each flow that one direction's rules let through. */
function flowsOf(direction: "ingress" | "egress"): string[] {
  return named.flatMap((policy) => {
    const { podSelector, [direction]: rules = [] } = specOf(policy);
    const self = podSelector.matchLabels?.["app"] ?? "";
    return rules.flatMap((rule) => {
      const peers = (direction === "ingress" ? rule.from : rule.to)?.map(peerName) ?? ["anywhere"];
      return peers.flatMap((peer) =>
        rule.ports.map(({ port, protocol }) => {
          const ends = direction === "ingress" ? [peer, self] : [self, peer];
          return [...ends, protocol === "UDP" ? `${port}/UDP` : String(port)].join(" | ");
        }),
      );
    });
  });
}

test("[faults §5] what no policy names is denied, both ways", () => {
  const [deny] = named.filter(({ metadata }) => metadata.name === "default-deny");
  assert.deepEqual(deny?.spec, { podSelector: {}, policyTypes: ["Ingress", "Egress"] });
  for (const policy of named) assert.deepEqual(specOf(policy).policyTypes, ["Ingress", "Egress"], policy.metadata.name);
});

test("[faults §5] the NetworkPolicies let these flows through, and no others", () => {
  const expected = flows.map((flow) => flow.join(" | "));
  const withEnd = (at: 0 | 1) => flows.filter((flow) => apps.has(flow[at])).map((flow) => flow.join(" | "));
  assert.deepEqual(flowsOf("egress").toSorted(), withEnd(0).toSorted());
  assert.deepEqual(flowsOf("ingress").toSorted(), withEnd(1).toSorted());
  assert.deepEqual([...new Set([...flowsOf("egress"), ...flowsOf("ingress")])].toSorted(), expected.toSorted());
});

test("[faults §5] the policies select the pods there are, by ports that these have", () => {
  const base = workloads(new Map([...files].filter(([file]) => file.startsWith("base/"))));
  assert.deepEqual(new Set(base.map(({ labels }) => labels["app"])), apps);
  for (const { pod, labels } of base) {
    const open = pod.containers.flatMap(({ ports }) => ports.map(({ containerPort }) => String(containerPort)));
    const reached = flows.filter(([, to]) => to === labels["app"]).map(([, , port]) => port);
    assert.deepEqual(new Set(reached), new Set(open), `${labels["app"]}`);
  }
});

test("[faults §5] README lists the flows", () => {
  const readme = readFileSync(new URL("README.md", k8s), "utf8");
  const [, table = ""] = /<!-- flows -->\n([\s\S]*?)<!-- \/flows -->/.exec(readme) ?? [];
  const rows = [...table.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \|/gm)].slice(2);
  const listed = rows.flatMap(([, from = "", to = "", ports = ""]) =>
    from.split(", ").flatMap((one) => ports.split(", ").map((port) => [one, to, port].join(" | "))),
  );
  assert.deepEqual(
    listed.toSorted(),
    flows.map((flow) => flow.join(" | ")),
  );
});
