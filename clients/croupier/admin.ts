/**
 * A process's admin listener, asked over HTTP with the admin token, from a terminal or from a page: nothing here is
 * Node's alone. What changes something has a key, by which the listener knows a repeat: when an answer was lost on its
 * way, the question is asked once more.
 */
import { Trouble } from "./words.ts";

/** A process that does not answer for so long is taken for stuck. */
const answerTimeoutMs = 5000;
/** Moving rooms takes as long as it takes. */
export const patienceMs = 110_000;

type Method = "GET" | "POST" | "DELETE";

interface Asking {
  readonly timeoutMs?: number;
  /** As JSON. */
  readonly body?: unknown;
  /** Nobody waits for the answer any more. */
  readonly signal?: AbortSignal | undefined;
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

/** Somebody answers, and wants another token, or any. */
export class Denied extends Trouble {
  override readonly name = "Denied";
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
    return this.#parse<Answer>(this.#good(status, text));
  }

  /** The text answered by `path`, whatever it is. @throws like `ask`. */
  async askText(path: string, asking: Asking = {}): Promise<string> {
    const { status, text } = await this.#answer("GET", path, asking);
    return this.#good(status, text);
  }

  #good(status: number, text: string): string {
    if (status >= 200 && status < 300) return text;
    const says = `${this.url} says ${status}: ${wordsOf(text)}.`;
    if (status >= 500) throw new Silent(says);
    if (status === 401) throw new Denied(says);
    throw status === 404 ? new NotThere(says) : new Trouble(says);
  }

  /** A DELETE has no key: done twice it would be refused, and nobody would know why. */
  async #answer(method: Method, path: string, asking: Asking): Promise<{ status: number; text: string }> {
    const { timeoutMs = answerTimeoutMs, body, signal } = asking;
    const headers = {
      ...(this.#token === undefined ? {} : { Authorization: `Bearer ${this.#token}` }),
      ...(method === "POST" ? { "Idempotency-Key": newKey() } : {}),
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
    };
    const request = { method, headers, redirect: "manual", ...(body === undefined ? {} : { body: JSON.stringify(body) }) } as const;
    const fetched = () => this.#fetch(path, { ...request, signal: signalOf(timeoutMs, signal) });
    try {
      return await fetched();
    } catch (thrown) {
      if (!(thrown instanceof Cut) || method === "DELETE") throw thrown;
      return fetched();
    }
  }

  async #fetch(path: string, request: RequestInit): Promise<{ status: number; text: string }> {
    try {
      const response = await fetch(this.url + path, request);
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

function signalOf(timeoutMs: number, signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(timeoutMs);
  return signal === undefined ? timeout : AbortSignal.any([timeout, signal]);
}

/** `crypto.randomUUID` is for pages that came by https, or from this machine. */
function newKey(): string {
  return crypto.getRandomValues(new Uint8Array(16)).toHex();
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
