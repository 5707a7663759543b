/**
 * Reads Fluentd's configuration language as far as efk/ uses it: sections in angle brackets with an argument, parameters up to
 * the end of their line, comments on lines of their own, and in double quotes `#{ENV['NAME']}`. Anything else is an error.
 */

export interface Section {
  readonly name: string;
  /** `pods.**` of `<filter pods.**>`. */
  readonly argument: string;
  readonly parameters: ReadonlyMap<string, string>;
  readonly sections: readonly Section[];
}

interface Open {
  readonly name: string;
  readonly argument: string;
  readonly parameters: Map<string, string>;
  readonly sections: Section[];
}

type Environment = Readonly<Record<string, string>>;

/** The sections at the top. */
export function readFluentdConfig(text: string, env: Environment = {}): readonly Section[] {
  const open: Open[] = [empty("", "")];
  for (const [at, raw] of text.split("\n").entries()) {
    const line = raw.trim();
    if (line !== "" && !line.startsWith("#")) readLine(open, line, env, at + 1);
  }
  const [top, ...unclosed] = open;
  if (top === undefined || unclosed.length > 0) throw new Error(`<${unclosed.at(-1)?.name}> has no end`);
  return top.sections;
}

function readLine(open: Open[], line: string, env: Environment, number: number): void {
  const innermost = open.at(-1);
  const [, closed] = /^<\/([a-z]+)>$/.exec(line) ?? [];
  const [, name, argument = ""] = /^<([a-z]+)(?:\s+(\S.*))?>$/.exec(line) ?? [];
  if (innermost === undefined) throw new Error(`line ${number}: nothing is open`);
  if (closed !== undefined) {
    if (closed !== innermost.name) throw new Error(`line ${number}: </${closed}> ends <${innermost.name}>`);
    open.pop();
    open.at(-1)?.sections.push(innermost);
  } else if (name !== undefined) open.push(empty(name, argument));
  else readParameter(innermost, line, env, number);
}

function readParameter({ name: section, parameters }: Open, line: string, env: Environment, number: number): void {
  const [, name, value = ""] = /^([@\w.]+)\s+(\S.*)$/.exec(line) ?? [];
  if (name === undefined) throw new Error(`line ${number}: no parameter: ${line}`);
  if (section === "") throw new Error(`line ${number}: a parameter outside of any section`);
  if (parameters.has(name)) throw new Error(`line ${number}: ${name} a second time`);
  parameters.set(name, readValue(value, env));
}

/** What stands in double quotes may name the environment; all else is taken as it is. */
function readValue(text: string, env: Environment): string {
  if (!text.startsWith('"')) return text;
  const [, quoted] = /^"([^"\\]*)"$/.exec(text) ?? [];
  if (quoted === undefined) throw new Error(`no way to read ${text}`);
  const value = quoted.replace(/#\{ENV\['(\w+)'\]\}/g, (_, name: string) => {
    const found = env[name];
    if (found === undefined) throw new Error(`${name} is not in the environment`);
    return found;
  });
  if (value.includes("#{")) throw new Error(`no way to evaluate ${text}`);
  return value;
}

function empty(name: string, argument: string): Open {
  return { name, argument, parameters: new Map(), sections: [] };
}
