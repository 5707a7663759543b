/** The parameters of one plugin, each to be taken once: what nobody takes is one that the tests do not know, and an error. */
import type { Section } from "./fluentd_config.ts";
import { jsRegexp } from "./ruby_regexp.ts";

/** The plugin of a section, of those that the tests know. */
export function pluginOf<Plugin>(section: Section, kinds: Readonly<Record<string, (parameters: Parameters) => Plugin>>): Plugin {
  const parameters = new Parameters(section);
  const type = parameters.text("@type");
  const make = kinds[type];
  if (make === undefined) throw new Error(`the tests do not know the ${section.name} ${type}`);
  const plugin = make(parameters);
  parameters.done();
  return plugin;
}

export class Parameters {
  readonly section: Section;
  readonly #left: Map<string, string>;
  readonly #sections: Section[];

  constructor(section: Section) {
    this.section = section;
    this.#left = new Map(section.parameters);
    this.#sections = [...section.sections];
  }

  /** @throws {Error} when it is not there and there is no `otherwise`. */
  text(name: string, otherwise?: string): string {
    const value = this.#left.get(name) ?? otherwise;
    if (value === undefined) throw new Error(`<${this.section.name} ${this.section.argument}> has no ${name}`);
    this.#left.delete(name);
    return value;
  }

  /** It has to be this one: what tests do is what Fluentd does with it, and with no other. */
  fixed(name: string, value: string): void {
    const found = this.text(name);
    if (found !== value) throw new Error(`${name} ${found}: the tests know ${value} only`);
  }

  list(name: string): string[] {
    return this.text(name, "")
      .split(",")
      .filter((item) => item !== "");
  }

  regexp(name: string): RegExp {
    return jsRegexp(this.text(name));
  }

  /** Changes nothing of what becomes of a line. */
  ignore(...names: string[]): void {
    for (const name of names) this.#left.delete(name);
  }

  /** The sections of this name inside. */
  inner(name: string): Section[] {
    const found = this.#sections.filter((section) => section.name === name);
    for (const section of found) this.#sections.splice(this.#sections.indexOf(section), 1);
    return found;
  }

  one(name: string): Section {
    const [found, ...others] = this.inner(name);
    if (found === undefined || others.length > 0) throw new Error(`<${this.section.name}> has not one <${name}>`);
    return found;
  }

  /** @throws {Error} when something is left. */
  done(): void {
    const left = [...this.#left.keys(), ...this.#sections.map(({ name }) => `<${name}>`)];
    if (left.length > 0) throw new Error(`<${this.section.name} ${this.section.argument}>: the tests do not know ${left.join(", ")}`);
  }
}
