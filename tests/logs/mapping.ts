/** The fields of an index, or of its template, by their whole names, with their types. */

interface Properties {
  readonly [name: string]: { readonly type?: string; readonly properties?: Properties };
}

export class Mapping {
  readonly fields: ReadonlyMap<string, string>;

  constructor(properties: Properties) {
    this.fields = new Map(flatten(properties, ""));
  }

  /** @throws {Error} when there is no such field: Kibana would find nothing, and say nothing. */
  typeOf(field: string): string {
    const [flattened] = [...this.fields].find(([name, type]) => type === "flattened" && field.startsWith(`${name}.`)) ?? [];
    const type = flattened === undefined ? this.fields.get(field) : "keyword";
    if (type === undefined) throw new Error(`there is no field ${field}`);
    return type;
  }
}

function flatten(properties: Properties, prefix: string): [string, string][] {
  return Object.entries(properties).flatMap(([name, { type, properties: inner }]) =>
    inner === undefined ? [[prefix + name, type ?? "object"] as [string, string]] : flatten(inner, `${prefix}${name}.`),
  );
}
