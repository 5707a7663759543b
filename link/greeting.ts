/**
 * How a link begins: both ends prove themselves before either says anything else. Each
 * message of the greeting is a batch of its own, so that what follows reaches whoever was
 * handed the channel.
 *
 *     server ── challenge(nonce, journal, boot) > gate    which goes away if it is linked to that server already
 *     server <─ hello(boot, nonce, proofs) ───── gate       one by each key it knows
 *     server ── hello(journal, boot, proof) ───> gate     by the key that both know; or goodbye(sentence)
 */
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Challenge, GateHello, ServerHello, ServerHelloSchema, ToGate, ToServer } from "#protocol/gen/link_pb.ts";
import { LinkGarbage, linkProtocol, readToGate, readToServer, ToGateWriter, ToServerWriter } from "#protocol/link.ts";
import type { Clock } from "#runtime/clock.ts";
import type { Entropy } from "#runtime/entropy.ts";
import type { Keys } from "#runtime/settings.ts";
import { LinkChannel } from "./channel.ts";
import { nonceBytes, prove, sameProof } from "./proof.ts";
import type { LinkSocket } from "./socket.ts";

const greetingTimeoutMs = 2000;
/** The current key and the previous one are two. */
const otherProofsMax = 3;

interface Greeter {
  readonly clock: Clock;
  readonly entropy: Entropy;
  /** Any of them proves who we are, and who the other end is: while keys are exchanged the two may have but one in common. */
  readonly keys: Keys;
}

export interface GateGreeter extends Greeter {
  /** This start of the gate. */
  readonly boot: string;
  readonly release: string;
  /** A game server that gives rooms away: its boot is the name of its journal. Left out: a gate. */
  readonly isServer?: boolean;
  /** A server says who it is, without proof yet. Why there shall be no second link to it; undefined: go on. */
  refuse(journal: string, boot: number): string | undefined;
  /** The server has proved itself. Takes the channel over before it returns. */
  onUp(channel: LinkChannel<ToServerWriter>, server: ServerHello): void;
  /** There will be no link. */
  onFailed(why: string): void;
}

export interface ServerGreeter extends Greeter {
  /** What the server says of itself, but for its proof. */
  hello(): Omit<MessageInitShape<typeof ServerHelloSchema>, "$typeName" | "proof"> & { readonly journal: string; readonly boot: number };
  /** Why this gate may not come in; undefined: it may. */
  refuse(gate: GateHello): string | undefined;
  /** The gate has proved itself. Takes the channel over before it returns. */
  onUp(channel: LinkChannel<ToGateWriter>, gate: GateHello): void;
  onFailed(why: string): void;
}

/** The gate's part: waits for the challenge, answers it, and checks the server's answer. */
export function greetServer(
  socket: LinkSocket,
  { clock, entropy, keys, boot, release, isServer = false, refuse, onUp, onFailed }: GateGreeter,
): void {
  const nonce = entropy(nonceBytes);
  let serverNonce: Uint8Array | undefined;
  const writer = new ToServerWriter();
  const channel = new LinkChannel(
    socket,
    { clock, writer },
    { read: (batch) => readToGate(batch, { say: hear, output: garbage, ack: garbage }), onDown },
  );
  const timeout = clock.after(greetingTimeoutMs, () => channel.cut("no greeting"));

  function hear({ say }: ToGate): void {
    if (say.case === "challenge" && serverNonce === undefined) answer(say.value);
    else if (say.case === "hello" && serverNonce !== undefined) check(say.value, serverNonce);
    else if (say.case === "goodbye") channel.cut(say.value.sentence);
    else throw new LinkGarbage("no greeting");
  }

  function answer({ protocol, journal, boot: serverBoot, nonce: theirNonce }: Challenge): void {
    const isUnderstood = protocol === linkProtocol;
    const refusal = isUnderstood ? refuse(journal, serverBoot) : `the server speaks link protocol ${protocol}, this gate ${linkProtocol}`;
    if (refusal !== undefined) return channel.cut(refusal);
    serverNonce = theirNonce;
    const proofBy = (key: Uint8Array): Uint8Array => prove(key, "gate", boot, theirNonce, nonce);
    const [current, ...others] = keys;
    const proofs = { proof: proofBy(current), otherProofs: others.map(proofBy) };
    channel.out.say({ case: "hello", value: { protocol: linkProtocol, boot, release, nonce, ...proofs, isServer } });
  }

  function check(server: ServerHello, theirNonce: Uint8Array): void {
    if (!isNameOfBoot(server.journal)) return channel.cut("the server has no name");
    const isProved = keys.some((key) => sameProof(server.proof, prove(key, "server", server.journal, nonce, theirNonce)));
    if (!isProved) return channel.cut("the server does not know the link key");
    timeout.cancel();
    onUp(channel, server);
  }

  function onDown(why: string): void {
    timeout.cancel();
    onFailed(why);
  }
}

/** The server's part: challenges, checks the gate's answer, and answers in turn. */
export function greetGate(socket: LinkSocket, { clock, entropy, keys, hello, refuse, onUp, onFailed }: ServerGreeter): void {
  const nonce = entropy(nonceBytes);
  const writer = new ToGateWriter();
  const channel = new LinkChannel(
    socket,
    { clock, writer },
    { read: (batch) => readToServer(batch, { say: hear, input: garbage, confirm: garbage }), onDown },
  );
  const timeout = clock.after(greetingTimeoutMs, () => channel.cut("no greeting"));

  function hear({ say }: ToServer): void {
    if (say.case !== "hello") throw new LinkGarbage("no greeting");
    const known = keyOf(say.value);
    const refusal = faultOf(say.value, known) ?? refuse(say.value);
    if (refusal !== undefined) {
      channel.out.say({ case: "goodbye", value: { sentence: refusal } });
      return channel.end(refusal);
    }
    timeout.cancel();
    const own = hello();
    channel.out.say({ case: "hello", value: { ...own, proof: prove(known ?? keys[0], "server", own.journal, say.value.nonce, nonce) } });
    channel.flush();
    onUp(channel, say.value);
  }

  /** The key that the gate has proved to know. */
  function keyOf({ boot, nonce: theirNonce, proof, otherProofs }: GateHello): Uint8Array | undefined {
    const proofs = [proof, ...otherProofs.slice(0, otherProofsMax)];
    return keys.find((key) => {
      const own = prove(key, "gate", boot, nonce, theirNonce);
      return proofs.some((theirs) => sameProof(theirs, own));
    });
  }

  function faultOf(gate: GateHello, known: Uint8Array | undefined): string | undefined {
    if (gate.protocol !== linkProtocol) return `this game server speaks link protocol ${linkProtocol}, the gate ${gate.protocol}`;
    if (!isNameOfBoot(gate.boot)) return "the gate has no name";
    return known === undefined ? "the gate does not know the link key" : undefined;
  }

  function onDown(why: string): void {
    timeout.cancel();
    onFailed(why);
  }

  const { journal, boot } = hello();
  channel.out.say({ case: "challenge", value: { protocol: linkProtocol, nonce, journal, boot } });
}

/** What a boot, or a journal, is called: rooms keep it, and are read again by nobody who would not take it. */
function isNameOfBoot(name: string): boolean {
  return /^[0-9a-f]{16}$/.test(name);
}

function garbage(): never {
  throw new LinkGarbage("no greeting");
}
