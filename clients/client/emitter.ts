/** Listeners by the name of what they hear. */

/** Takes a listener off again. */
export type Unsubscribe = () => void;

/** `Events`: what is said, by name, as the arguments of a listener. */
export class Emitter<Events extends { [Name in keyof Events]: unknown[] }> {
  readonly #listeners: { [Name in keyof Events]?: Set<(...said: Events[Name]) => void> } = {};
  /** What a listener's own doing has caused is said when all have heard what it has heard. */
  readonly #waiting: (() => void)[] = [];

  on<Name extends keyof Events>(name: Name, listener: (...said: Events[Name]) => void): Unsubscribe {
    const own: typeof listener = (...said) => listener(...said); // the same function may listen twice
    const listeners = this.#listeners[name] ?? new Set();
    this.#listeners[name] = listeners.add(own);
    return () => void listeners.delete(own);
  }

  /** A listener that throws is the application's own fault: it is reported as uncaught, and stops nobody else. */
  emit<Name extends keyof Events>(name: Name, ...said: Events[Name]): void {
    const isFirst = this.#waiting.push(() => this.#say(name, said)) === 1;
    if (!isFirst) return;
    for (const say of this.#waiting) say();
    this.#waiting.length = 0;
  }

  #say<Name extends keyof Events>(name: Name, said: Events[Name]): void {
    for (const listener of [...(this.#listeners[name] ?? [])]) guarded(() => listener(...said));
  }
}

/** Runs what may throw without being stopped by it. */
export function guarded(act: () => void): void {
  try {
    act();
  } catch (thrown) {
    queueMicrotask(() => {
      throw thrown;
    });
  }
}
