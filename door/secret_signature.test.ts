/** The signature of a token, against the one that the library makes, and everything that is nearly it. */
import assert from "node:assert/strict";
import { createSecretKey } from "node:crypto";
import { test } from "node:test";
import { SignJWT } from "jose";
import { isSecretAlgorithm, isSignedWith } from "./secret_signature.ts";

const secret = new Uint8Array(32).fill(7);
const key = createSecretKey(secret);
const algorithms = ["HS256", "HS384", "HS512"] as const;
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

const sign = (alg: string): Promise<string> => new SignJWT({ id: 1 }).setProtectedHeader({ alg }).sign(secret);

for (const alg of algorithms) {
  test(`[PROTOCOL §1.1] ${alg}: what the library has signed, by that key and that algorithm alone`, async () => {
    const token = await sign(alg);
    assert.ok(isSignedWith(key, alg, token));
    assert.ok(!isSignedWith(createSecretKey(new Uint8Array(32).fill(8)), alg, token));
    for (const other of algorithms) assert.equal(isSignedWith(key, other, token), other === alg, other);
  });

  test(`[PROTOCOL §1.1] ${alg}: no character of a signed token may be another one, nor be missing, nor be more`, async () => {
    const token = await sign(alg);
    for (let at = 0; at < token.length; at++) {
      const next = alphabet[(alphabet.indexOf(token[at] as string) + 1) % alphabet.length];
      assert.ok(!isSignedWith(key, alg, token.slice(0, at) + next + token.slice(at + 1)), `character ${at}`);
    }
    const [signed = "", signature = ""] = [token.slice(0, token.lastIndexOf(".")), token.split(".")[2]];
    // Written in another way, or in part.
    for (const wrong of ["", signature.slice(0, -1), `${signature}=`, `${signature}A`, ` ${signature}`, signature.toUpperCase()])
      assert.ok(!isSignedWith(key, alg, `${signed}.${wrong}`), JSON.stringify(wrong));
    assert.ok(!isSignedWith(key, alg, signature));
  });
}

test("[PROTOCOL §1.1] algorithms with a secret key are these three, whatever an object inherits", () => {
  for (const name of ["none", "RS256", "hs256", "toString", "__proto__", ""]) assert.ok(!isSecretAlgorithm(name), name);
  assert.ok(algorithms.every(isSecretAlgorithm));
});
