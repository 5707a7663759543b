/**
 * An issuer of tokens, as a login service is one: it has key pairs, publishes the public ones over HTTP or HTTPS on a free
 * port, and signs. What it answers is the test's to say: a set, nonsense, or nothing at all.
 */
import { createServer, type RequestListener, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";

type Answer = (response: ServerResponse) => void;

/** One pair: what is published, and what signs. */
export class SigningKey {
  readonly jwk: JWK;
  readonly algorithm: string;
  readonly #key: CryptoKey;

  private constructor(jwk: JWK, algorithm: string, key: CryptoKey) {
    this.jwk = jwk;
    this.algorithm = algorithm;
    this.#key = key;
  }

  static async make(algorithm: string, kid: string | undefined): Promise<SigningKey> {
    const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
    const jwk = { ...(await exportJWK(publicKey)), ...(kid === undefined ? {} : { kid }) };
    return new SigningKey(jwk, algorithm, privateKey);
  }

  /** `header`: what it says beside the algorithm and the key's name. */
  sign(payload: Record<string, unknown>, header: Record<string, unknown> = {}): Promise<string> {
    const { kid } = this.jwk;
    const named = kid === undefined ? {} : { kid };
    return new SignJWT({ exp: Math.floor(Date.now() / 1000) + 600, ...payload })
      .setProtectedHeader({ alg: this.algorithm, ...named, ...header })
      .sign(this.#key);
  }
}

export class Issuer {
  readonly url: string;
  /** How often it was asked. */
  asked = 0;
  #answer: Answer;

  private constructor(url: string, answer: Answer) {
    this.url = url;
    this.#answer = answer;
  }

  /** `tls`: PEM, for HTTPS. */
  static async open(t: TestContext, keys: readonly SigningKey[], tls?: { key: Buffer; cert: Buffer }): Promise<Issuer> {
    const onRequest: RequestListener = (_request, response) => {
      issuer.asked += 1;
      issuer.#answer(response);
    };
    const server: Server = tls === undefined ? createServer(onRequest) : createSecureServer(tls, onRequest);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const issuer = new Issuer(`${tls === undefined ? "http" : "https"}://127.0.0.1:${port}/keys`, () => {});
    issuer.publish(keys.map(({ jwk }) => jwk));
    return issuer;
  }

  publish(keys: readonly unknown[]): void {
    this.say(JSON.stringify({ keys }));
  }

  say(text: string, status = 200, headers: Record<string, string> = {}): void {
    this.answer((response) => response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(text));
  }

  answer(answer: Answer): void {
    this.#answer = answer;
  }
}
