/**
 * Signatures made with secret keys (HMAC), checked here and now: WebCrypto hands each one to a pool of threads and waits for
 * it, which costs many times the hash, and every player who comes in pays it.
 */
import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";

const hashes = { HS256: "sha256", HS384: "sha384", HS512: "sha512" } as const;

export type SecretAlgorithm = keyof typeof hashes;

export function isSecretAlgorithm(name: string): name is SecretAlgorithm {
  return Object.hasOwn(hashes, name);
}

/** Whether a token's last part is the signature of what stands before it, written in the one way there is; in constant time. */
export function isSignedWith(key: KeyObject, algorithm: SecretAlgorithm, token: string): boolean {
  const end = token.lastIndexOf(".");
  const signature = createHmac(hashes[algorithm], key).update(token.slice(0, end)).digest("base64url");
  const [made, given] = [Buffer.from(signature), Buffer.from(token.slice(end + 1))];
  return made.length === given.length && timingSafeEqual(made, given);
}
