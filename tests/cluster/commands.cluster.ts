/** The commands that documents give, as they are written there, with what they print; and what service accounts may do. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { type TestContext, test } from "node:test";
import { promisify } from "node:util";
import type { Report } from "#clients/dice_report.ts";
import { playDice } from "#tests/faults/dice_bots.ts";
import { until } from "#tests/faults/measure.ts";
import { root } from "./images.ts";
import { Namespace } from "./namespace.ts";

const execute = promisify(execFile);
/** Of two rooms. */
const bots = 8;
/** Words for the client at a terminal, which needs a moment to sit down, and one to answer. */
const shakeAndExit = "(sleep 4; echo shake; sleep 1; echo exit) |";
/** Nobody has one of this name: it may what everybody may. */
const nobody = "nobody";

/** A shell in the checkout, whose kubectl has the namespace in its configuration. */
class Terminal {
  readonly namespace: Namespace;
  readonly #t: TestContext;

  private constructor(t: TestContext, namespace: Namespace) {
    this.namespace = namespace;
    this.#t = t;
  }

  static async open(t: TestContext, name: string, volumes: number): Promise<Terminal> {
    return new Terminal(t, await Namespace.create(t, { name, volumes }));
  }

  /** Gives what the line printed; fails with it. */
  async type(line: string): Promise<string> {
    const { env } = this.namespace.kubectl;
    const { stdout, stderr } = await execute("sh", ["-c", `${line} 2>&1`], { cwd: root, env });
    this.#t.diagnostic(`$ ${line}\n${stdout}${stderr}`.trimEnd());
    return stdout;
  }

  /** The restricted standard asks for more than `kubectl run` says. */
  async admitEverything(): Promise<void> {
    await this.namespace.kubectl.run("label", "namespace", this.namespace.name, "pod-security.kubernetes.io/enforce-");
  }
}

/** Plays dice through Service gate with development keys, while `operate` is at work. */
async function whilePlaying(t: TestContext, namespace: Namespace, operate: () => Promise<void>): Promise<Report> {
  const run = playDice(t, { users: bots, seconds: 3600, ip: namespace.gateHost });
  // A Redis that has just been made is learning for 15 s: "try again".
  await until("the bots' seats", async () => (await namespace.seatsTaken("dice")) === bots, 60_000);
  await operate();
  run.child.kill("SIGINT");
  await run.exited;
  return JSON.parse(run.lines.at(-1) ?? "{}") as Report;
}

test("[RULES §6] dice.yaml, the secret, gate.yaml, in a restricted namespace: they play, through a canary, its undo and a new gate", {
  timeout: 480_000,
}, async (t) => {
  const terminal = await Terminal.open(t, "commands", 3);
  const type = (line: string): Promise<string> => terminal.type(line);
  await type("kubectl apply -f k8s/dice.yaml");
  await type("kubectl create secret generic jwt --from-literal=key=ZGVmYXVsdF9rZXk=");
  await type("kubectl apply -f k8s/gate.yaml");
  await type("kubectl rollout status statefulset dice");
  await type("kubectl rollout status deployment gate");
  const { errors: _, ...report } = await whilePlaying(t, terminal.namespace, async () => {
    await type(`kubectl patch statefulsets dice -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":1}}}}'`);
    await type("kubectl set image statefulsets dice game=croupier/game_server:1.3");
    await type("kubectl rollout status statefulsets dice");
    assert.deepEqual(await terminal.namespace.releases("game=dice"), { "dice-0": "1", "dice-1": "1.3" });
    await type(`kubectl patch statefulsets dice -p '{"spec":{"updateStrategy":{"rollingUpdate":{"partition":0}}}}'`);
    await type("kubectl rollout status statefulsets dice");
    assert.deepEqual(await terminal.namespace.releases("game=dice"), { "dice-0": "1.3", "dice-1": "1.3" });
    await type("kubectl rollout undo statefulsets dice");
    await type("kubectl rollout status statefulsets dice");
    assert.deepEqual(await terminal.namespace.releases("game=dice"), { "dice-0": "1", "dice-1": "1" });
  });
  assert.deepEqual([report.seated, report.reconnects, report.closes, report.inconsistencies], [bots, 0, {}, []]);
  await type("kubectl set image deployments gate gate=croupier/gate_server:1.3");
  await type("kubectl rollout status deployments gate");
  assert.deepEqual(new Set(Object.values(await terminal.namespace.releases("app=gate"))), new Set(["1.3"]));
  await type("kubectl get all,endpointslices,poddisruptionbudgets,persistentvolumeclaims");
  await terminal.admitEverything();
  const said = await type(
    `${shakeAndExit} kubectl run client --rm -i --image croupier/game_server:client --image-pull-policy IfNotPresent -- ./dice_client -ip gate`,
  );
  assert.match(said, /you rolled \d/);
});

test("[RULES §6] dice-ab.yaml in place of dice.yaml: they play through the switch to B, and A to 0", { timeout: 480_000 }, async (t) => {
  const terminal = await Terminal.open(t, "commands-ab", 5);
  const type = (line: string): Promise<string> => terminal.type(line);
  await type("kubectl apply -f k8s/dice-ab.yaml");
  await type("kubectl create secret generic jwt --from-literal=key=ZGVmYXVsdF9rZXk=");
  await type("kubectl apply -f k8s/gate.yaml");
  await type("kubectl rollout status statefulset dice-a");
  await type("kubectl rollout status deployment gate");
  const { errors: _, ...report } = await whilePlaying(t, terminal.namespace, async () => {
    await type("kubectl set image statefulsets dice-b game=croupier/game_server:1.3");
    await type("kubectl scale statefulset dice-b --replicas 2");
    await type("kubectl rollout status statefulset dice-b");
    await type(`kubectl patch service dice -p '{"spec":{"selector":{"group":"b"}}}'`);
    await type("kubectl scale statefulset dice-a --replicas 0");
    await terminal.namespace.kubectl.run("wait", "--for=delete", "pods", "--selector=group=a", "--timeout=120s");
    await type("kubectl get statefulsets,pods,endpointslices");
  });
  assert.deepEqual([report.seated, report.reconnects, report.closes, report.inconsistencies], [bots, 0, {}, []]);
});

test("[RULES §6] the images alone, as the docker lines run them: a game server called dice, a gate, the client from outside and inside", {
  timeout: 240_000,
}, async (t) => {
  const terminal = await Terminal.open(t, "images", 0);
  await terminal.admitEverything();
  await terminal.type("kubectl run dice --image croupier/game_server:1 --port 60001 --expose");
  await terminal.type("kubectl run gate --image croupier/gate_server:1 --port 60006 --expose --env JWT_KEY=ZGVmYXVsdF9rZXk=");
  await terminal.type("kubectl wait --for condition=Ready pods dice gate --timeout 60s");
  // Nothing here says when a gate is ready. A client that finds nobody at 60006 takes it for a game server.
  const { gateHost } = terminal.namespace;
  const isOpen = (): Promise<boolean> =>
    fetch(`http://${gateHost}:60006/rooms?game=dice`).then(
      ({ ok }) => ok,
      () => false,
    );
  await until("an open gate", isOpen);
  const outside = await terminal.type(`${shakeAndExit} node clients/dice.ts -ip ${gateHost}`);
  assert.match(outside, /you rolled \d/);
  const inside = await terminal.type(
    `${shakeAndExit} kubectl run client --rm -i --image croupier/game_server:client -- ./dice_client -ip dice -u 2`,
  );
  assert.match(inside, /you rolled \d/);
});

test("service accounts of base: endpointslices may be read by gates and game servers; nothing else, and nobody else, more than everybody may", {
  timeout: 240_000,
}, async (t) => {
  const terminal = await Terminal.open(t, "accounts", 3);
  await terminal.namespace.install(t, {});
  const mayOf = async (account: string): Promise<ReadonlySet<string>> => {
    const listed = await terminal.type(`kubectl auth can-i --list --as=system:serviceaccount:${terminal.namespace.name}:${account}`);
    return new Set(listed.split("\n").map((line) => line.replaceAll(/ +/g, " ")));
  };
  const everybody = await mayOf(nobody);
  const reads = new Set(["endpointslices.discovery.k8s.io [] [] [get list watch]"]);
  for (const [account, more] of Object.entries({ gate: reads, dice: reads, redis: new Set() }))
    assert.deepEqual((await mayOf(account)).difference(everybody), more, account);
  await terminal.type("kubectl get networkpolicies");
});
