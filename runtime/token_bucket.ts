/**
 * A token bucket: `burst` at once, `perSecond` in the long run, and what came while nobody
 * looked. Nothing runs while it fills; it is reckoned when asked.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #atMs: number;
  /** Beyond the burst, until then. */
  #late = { tokens: 0, untilMs: 0 };

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#atMs = nowMs;
  }

  has(nowMs: number): boolean {
    this.#tokens = Math.min(this.#burst, this.#tokens + ((nowMs - this.#atMs) * this.#perSecond) / 1000);
    this.#atMs = nowMs;
    return this.#tokens >= 1 || (this.#late.tokens >= 1 && nowMs < this.#late.untilMs);
  }

  /** Takes one token, or says that there is none. */
  take(nowMs: number): boolean {
    if (!this.has(nowMs)) return false;
    if (this.#tokens >= 1) this.#tokens -= 1;
    else this.#late.tokens -= 1;
    return true;
  }

  /** For `unheardMs` nobody has looked at what came: it comes now, all at once, and may, for as long again. */
  makeUp(unheardMs: number, nowMs: number): void {
    const left = nowMs < this.#late.untilMs ? this.#late.tokens : 0;
    this.#late = { tokens: left + (unheardMs * this.#perSecond) / 1000, untilMs: Math.max(this.#late.untilMs, nowMs + unheardMs) };
  }
}
