/** A process's admin listener, asked over HTTP with the admin token. */
import { Trouble } from "./say.ts";

/** A process that does not answer for so long is taken for stuck. */
const answerTimeoutMs = 5000;
/** Moving rooms takes as long as it takes. */
export const patienceMs = 110_000;

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
  override readonly name = "Silent";
}

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
   * @throws {Unreachable} when nobody listens, {Silent} when there is no answer, {Trouble} with the listener's own words when it refuses.
   */
  async ask<Answer>(method: "GET" | "POST" | "DELETE", path: string, asking: Asking = {}): Promise<Answer> {
    const response = await this.#fetch(method, path, asking);
    const text = await this.#read(response);
    const says = `${this.url} says ${response.status}: ${wordsOf(text)}.`;
    if (response.status >= 500) throw new Silent(says);
    if (!response.ok) throw new Trouble(says);
    try {
      return JSON.parse(text) as Answer;
    } catch (cause) {
      throw new Trouble(`${this.url} is no admin listener: its answer is no JSON.`, { cause });
    }
  }

  async #fetch(method: string, path: string, { timeoutMs = answerTimeoutMs, body }: Asking): Promise<Response> {
    const authorization = this.#token === undefined ? {} : { Authorization: `Bearer ${this.#token}` };
    const content = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = body === undefined ? authorization : { ...authorization, "Content-Type": "application/json" };
    try {
      return await fetch(this.url + path, { method, headers, ...content, signal: AbortSignal.timeout(timeoutMs) });
    } catch (cause) {
      if (cause instanceof DOMException) throw new Silent(`${this.url} does not answer.`, { cause });
      throw new Unreachable(`nobody listens at ${this.url}.`, { cause });
    }
  }

  async #read(response: Response): Promise<string> {
    try {
      return await response.text();
    } catch (cause) {
      throw new Silent(`${this.url} did not finish its answer.`, { cause });
    }
  }
}

/** The sentence in a refusal, JSON or plain. */
function wordsOf(text: string): string {
  try {
    return String((JSON.parse(text) as { message?: unknown }).message ?? text);
  } catch {
    return text.trim();
  }
}
