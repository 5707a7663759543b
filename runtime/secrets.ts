/**
 * The secrets of the moment. Those in variables stay what they were at the start; those in
 * files are looked at again and again, so that keys are exchanged while the process runs and
 * nobody is disconnected. Whoever checks or signs asks here each time, and keeps nothing.
 *
 * A file may be read while it is written, and two that belong together one after the other:
 * what is in them counts once it has been the same at two looks. What does not do as a
 * setting is logged, and the secrets stay what they were.
 */
import type { AdminTokens } from "./admin_roles.ts";
import type { Clock, Timer } from "./clock.ts";
import type { Log } from "./log.ts";
import { type Environment, lookAtSecretFiles, type SecretFile, type SecretTexts, withSecrets } from "./secret_files.ts";
import { SettingError } from "./setting_error.ts";
import { jwtKeysOf, type Keys, linkKeysOf, readSettings, type Settings, secretFilesIn } from "./settings.ts";

/** Two looks, and the time it takes to look, within 5 s: so old a secret is at most. */
const lookEveryMs = 2000;

/** After so many looks in vain operators hear of it. */
const missedMax = 3;

export interface Secrets {
  /** A token signed with any of them is good; none where `JWKS_URL` has all. The same array until they change. */
  readonly jwtKeys: readonly Uint8Array[];
  /** The first proves who we are; the other end of a link may use any. */
  readonly linkKeys: Keys;
  /** Who brings one may ask the admin listener what its role may. */
  readonly adminTokens: AdminTokens;
}

/** Those that a process was started with. */
export function secretsOf(settings: Settings): Secrets {
  const adminTokens = { operate: settings.adminToken, read: settings.adminReadToken };
  return { jwtKeys: jwtKeysOf(settings), linkKeys: linkKeysOf(settings), adminTokens };
}

/** What was found at a look: the texts of all files, or why they are none. */
type Found = { readonly texts: SecretTexts } | { readonly fault: string };

interface FileSecretsOptions {
  readonly env: Environment;
  readonly clock: Clock;
  readonly log: Log;
}

export class FileSecrets implements Secrets {
  readonly #options: FileSecretsOptions;
  readonly #files: readonly SecretFile[];
  #now: Secrets;
  #texts: SecretTexts | undefined;
  /** At the last look, and what was last judged. */
  #seen: Found | undefined;
  #judged: Found | undefined;
  #isFaulty = false;
  #isLooking = false;
  /** Looks that were due while one was under way. */
  #missed = 0;
  #looks: Timer | undefined;

  constructor(settings: Settings, options: FileSecretsOptions) {
    this.#options = options;
    this.#files = secretFilesIn(options.env);
    this.#now = secretsOf(settings);
  }

  get jwtKeys(): readonly Uint8Array[] {
    return this.#now.jwtKeys;
  }

  get linkKeys(): Keys {
    return this.#now.linkKeys;
  }

  get adminTokens(): AdminTokens {
    return this.#now.adminTokens;
  }

  /** Whether there is something in the files that cannot be used, and older secrets are in use. */
  get isFaulty(): boolean {
    return this.#isFaulty;
  }

  /** Where no secret is in a file there is nothing to look at. */
  start(): void {
    if (this.#files.length > 0) this.#looks = this.#options.clock.every(lookEveryMs, () => void this.look());
  }

  stop(): void {
    this.#looks?.cancel();
  }

  /** Never two at once: a disk that hangs is asked once. */
  async look(): Promise<void> {
    if (this.#isLooking) return this.#miss();
    this.#isLooking = true;
    const found = await this.#find();
    this.#isLooking = false;
    if (this.#missed >= missedMax) this.#judged = undefined;
    this.#missed = 0;
    const isSettled = isSame(found, this.#seen);
    this.#seen = found;
    if (!isSettled || isSame(found, this.#judged)) return;
    this.#judged = found;
    this.#judge(found);
  }

  #miss(): void {
    this.#missed += 1;
    if (this.#missed === missedMax) this.#refuse("The files of secrets cannot be read: their disk does not answer.");
  }

  async #find(): Promise<Found> {
    try {
      return { texts: await lookAtSecretFiles(this.#files) };
    } catch (thrown) {
      return { fault: sentenceOf(thrown) };
    }
  }

  #judge(found: Found): void {
    if ("fault" in found) return this.#refuse(found.fault);
    try {
      this.#take(readSettings(withSecrets(this.#options.env, found.texts)), found.texts);
    } catch (thrown) {
      this.#refuse(sentenceOf(thrown));
    }
  }

  #take(settings: Settings, texts: SecretTexts): void {
    const before = this.#texts;
    const isHealed = this.#isFaulty;
    this.#texts = texts;
    this.#isFaulty = false;
    const next = secretsOf(settings);
    if (isEqual(next, this.#now)) {
      if (isHealed) this.#options.log.info("secret change", { "event.reason": "the files have what is in use again" });
      return;
    }
    this.#now = next;
    const changed = Object.keys(texts).filter((name) => before === undefined || texts[name] !== before[name]);
    this.#options.log.info("secret change", { "event.reason": changed.join(", ") });
  }

  #refuse(sentence: string): void {
    this.#isFaulty = true;
    this.#options.log.error("secret failure", { "event.reason": `${sentence} What was read before stays in use.` });
  }
}

function isSame(one: Found, other: Found | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function isEqual(one: Secrets, other: Secrets): boolean {
  const plain = ({ jwtKeys, linkKeys, adminTokens }: Secrets): string =>
    JSON.stringify([jwtKeys.map((key) => [...key]), linkKeys.map((key) => [...key]), adminTokens]);
  return plain(one) === plain(other);
}

function sentenceOf(thrown: unknown): string {
  if (thrown instanceof SettingError) return thrown.message;
  throw thrown;
}
