/**
 * Players who ask: as fast as they are answered (closed loop), or so many times a second whatever comes back (open loop). What
 * is measured is how much they are sent, and how long an asker waits for his own.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { masked, type RawSocket } from "./raw_socket.ts";
import { join, type Subject } from "./subject.ts";

/** A payload: who asks, and which of his questions it is. */
const payloadBytes = 8;
/** Until what is under way has been answered. */
const quietMs = 100;
/** A question is not given up: whoever is asked again gets no more than this many at once. */
const slots = 64;

export interface LoadOptions {
  readonly players: number;
  readonly playersPerRoom: number;
  /** Each asks for himself, or tells everybody in his room. */
  readonly kind: "ask" | "tell";
}

export interface Measured {
  readonly seconds: number;
  /** Messages that players were sent. */
  readonly deliveries: number;
  /** Of each question, milliseconds until its asker heard it. */
  readonly latenciesMs: Float64Array;
}

/** As much of a subject as whoever asks must know. */
type Asked = Pick<Subject, "address" | "wire">;

class Asker {
  readonly #socket: RawSocket;
  readonly #questions: readonly Uint8Array[];
  readonly #saidAtMs = new Float64Array(slots);
  #last = 0;

  constructor(socket: RawSocket, user: number, { wire }: Asked, { kind }: LoadOptions, onHeard: (asker: Asker, latencyMs: number) => void) {
    this.#socket = socket;
    this.#questions = Array.from({ length: slots }, (_, slot) => {
      const payload = Buffer.alloc(payloadBytes);
      payload.writeUInt32BE(user, 0);
      payload.writeUInt32BE(slot, 4);
      return masked(kind === "ask" ? wire.ask(payload) : wire.tell(payload));
    });
    socket.onMessage = (message) => {
      const at = wire.payloadAt(message);
      if (at === -1) return;
      const isMine = message.readUInt32BE(at) === user;
      onHeard(this, isMine ? performance.now() - (this.#saidAtMs[message.readUInt32BE(at + 4)] as number) : -1);
    };
  }

  ask(): void {
    this.#last = (this.#last + 1) % slots;
    this.#saidAtMs[this.#last] = performance.now();
    this.#socket.send(this.#questions[this.#last] as Uint8Array);
  }

  leave(): void {
    this.#socket.close();
  }
}

/** Players who sit at a subject, and ask when they are let. */
export class Crowd {
  #askers: Asker[] = [];
  #isClosedLoop = false;
  #deliveries = 0;
  #latenciesMs: number[] = [];

  private constructor() {}

  static async seat(subject: Asked, options: LoadOptions): Promise<Crowd> {
    const crowd = new Crowd();
    const users = Array.from({ length: options.players }, (_, at) => at + 1);
    const onHeard = (asker: Asker, latencyMs: number): void => crowd.#onHeard(asker, latencyMs);
    crowd.#askers = await Promise.all(
      users.map(async (user) => {
        const socket = await join(subject, user, Math.ceil(user / options.playersPerRoom));
        return new Asker(socket, user, subject, options, onHeard);
      }),
    );
    return crowd;
  }

  /** Each has so many questions open all the time. */
  async askAsAnswered(ms: number, inFlight = 1): Promise<Measured> {
    return this.#measure(async () => {
      this.#isClosedLoop = true;
      for (const asker of this.#askers) for (let count = 0; count < inFlight; count++) asker.ask();
      await sleep(ms);
      this.#isClosedLoop = false;
    });
  }

  /** So many questions a second in all, evenly. */
  async askAtPace(ms: number, perSecond: number): Promise<Measured> {
    return this.#measure(async () => {
      const startMs = performance.now();
      let asked = 0;
      for (let passedMs = 0; passedMs < ms; passedMs = performance.now() - startMs) {
        for (; asked < (passedMs * perSecond) / 1000; asked++) this.#askers[asked % this.#askers.length]?.ask();
        await sleep(1);
      }
    });
  }

  leave(): void {
    for (const asker of this.#askers) asker.leave();
  }

  async #measure(ask: () => Promise<void>): Promise<Measured> {
    this.#deliveries = 0;
    this.#latenciesMs = [];
    const startMs = performance.now();
    await ask();
    const seconds = (performance.now() - startMs) / 1000;
    await sleep(quietMs);
    return { seconds, deliveries: this.#deliveries, latenciesMs: Float64Array.from(this.#latenciesMs).sort() };
  }

  #onHeard(asker: Asker, latencyMs: number): void {
    this.#deliveries += 1;
    if (latencyMs < 0) return;
    this.#latenciesMs.push(latencyMs);
    if (this.#isClosedLoop) asker.ask();
  }
}
