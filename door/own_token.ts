/** Tokens that development's own tools make for themselves, where the servers they talk to share a key with them. */
import { mintToken } from "#protocol/token.ts";
import { SettingError, type Settings } from "#runtime/settings.ts";

/**
 * A token for `user` that these settings let in.
 * @throws {SettingError} when tokens are signed elsewhere.
 */
export async function ownToken(user: number, { jwtKey, jwtIssuers: [iss], jwtAudiences: [aud] }: Settings): Promise<string> {
  if (jwtKey.length === 0) throw new SettingError("JWT_KEY is not set: with JWKS_URL whoever has the private key makes the tokens.");
  return mintToken(user, jwtKey, undefined, { ...(iss === undefined ? {} : { iss }), ...(aud === undefined ? {} : { aud }) });
}
