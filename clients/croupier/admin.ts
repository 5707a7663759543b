/**
 * A process's admin listener, asked over HTTP with the admin token. What changes something has a key, by which
 * the listener knows a repeat: when an answer was lost on its way, the question is asked once more.
 */
import { randomUUID } from "node:crypto";
import { Trouble } from "./say.ts";

/** A process that does not answer for so long is taken for stuck. */
const answerTimeoutMs = 5000;
/** Moving rooms takes as long as it takes. */
export const patienceMs = 110_000;

type Method = "GET" | "POST" | "DELETE";

interface Asking {
  readonly timeoutMs?: number;
  /** As JSON. */
  readonly body?: unknown;
}

/** Nobody listens there. */
export class Unreachable extends Trouble {
  override readonly name = "Unreachable";
}

/** Somebody does, and has no answer now: it starts, hangs, or went in the middle of one. */
export class Silent extends Trouble {
  override readonly name: string = "Silent";
}

/** It went in the middle of an answer: nobody knows what it has done. */
export class Cut extends Silent {
  override readonly name = "Cut";
}

/** Somebody answers, and has no such thing. */
export class NotThere extends Trouble {
  override readonly name = "NotThere";
}

/** Errors of a connection that was there. */
const cutCodes: ReadonlySet<unknown> = new Set(["ECONNRESET", "EPIPE", "UND_ERR_SOCKET"]);

export class AdminClient {
  readonly url: string;
  readonly #token: string | undefined;

  /** `url` without a path, such as `http://127.0.0.1:60009`. */
  constructor(url: string, token: string | undefined) {
    this.url = url.replace(/\/+$/, "");
    this.#token = token;
  }

  /**
   * The JSON answered by `path`.
   * @throws {Unreachable} when nobody listens, {Silent} when there is no answer, {NotThere} or another {Trouble} with the
   * listener's own words when it refuses.
   */
  async ask<Answer>(method: Method, path: string, asking: Asking = {}): Promise<Answer> {
    const { status, text } = await this.#answer(method, path, asking);
    if (status >= 200 && status < 300) return this.#parse<Answer>(text);
    const says = `${this.url} says ${status}: ${wordsOf(text)}.`;
    if (status >= 500) throw new Silent(says);
    throw status === 404 ? new NotThere(says) : new Trouble(says);
  }

  /** A DELETE has no key: done twice it would be refused, and nobody would know why. */
  async #answer(method: Method, path: string, { timeoutMs = answerTimeoutMs, body }: Asking): Promise<{ status: number; text: string }> {
    const headers = {
      ...(this.#token === undefined ? {} : { Authorization: `Bearer ${this.#token}` }),
      ...(method === "POST" ? { "Idempotency-Key": randomUUID() } : {}),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    };
    const request = { method, headers, redirect: "manual", ...(body === undefined ? {} : { body: JSON.stringify(body) }) } as const;
    try {
      return await this.#fetch(path, request, timeoutMs);
    } catch (thrown) {
      if (!(thrown instanceof Cut) || method === "DELETE") throw thrown;
      return this.#fetch(path, request, timeoutMs);
    }
  }

  async #fetch(path: string, request: RequestInit, timeoutMs: number): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(this.url + path, { ...request, signal: AbortSignal.timeout(timeoutMs) });
      return { status: response.status, text: await response.text() };
    } catch (cause) {
      if (cause instanceof DOMException) throw new Silent(`${this.url} does not answer.`, { cause });
      if (cutCodes.has(codeOf(cause))) throw new Cut(`${this.url} did not finish its answer.`, { cause });
      throw new Unreachable(`nobody listens at ${this.url}.`, { cause });
    }
  }

  #parse<Answer>(text: string): Answer {
    try {
      return JSON.parse(text) as Answer;
    } catch (cause) {
      throw new Trouble(`${this.url} is no admin listener: its answer is no JSON.`, { cause });
    }
  }
}

/** Of the error behind the one that `fetch` throws. */
function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error ? (thrown.cause as { code?: unknown } | undefined)?.code : undefined;
}

/** The sentence in a refusal, JSON or plain. */
function wordsOf(text: string): string {
  try {
    return String((JSON.parse(text) as { message?: unknown }).message ?? text);
  } catch {
    return text.trim();
  }
}
