/** Kibana's saved objects, as far as tests look at them: every query and every field that they name, and panels as aggregations. */
import { readText } from "./efk.ts";
import { type Query, translate } from "./kql.ts";
import type { Mapping } from "./mapping.ts";

interface SavedObject {
  readonly id: string;
  readonly type: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly references: readonly { readonly type: string; readonly id: string; readonly name: string }[];
}

interface Column {
  readonly operationType: string;
  readonly sourceField?: string;
  readonly params: {
    readonly size?: number;
    readonly percentile?: number;
    readonly filters?: readonly { readonly label: string; readonly input: { readonly query: string } }[];
  };
}

interface LensState {
  readonly query: { readonly query: string };
  readonly datasourceStates: {
    readonly formBased: { readonly layers: Readonly<Record<string, { columns: Record<string, Column>; columnOrder: string[] }>> };
  };
}

/** What is asked: by a saved search, a panel, or one filter of a panel. */
export interface Asked {
  readonly by: string;
  readonly kql: string;
}

export interface LensPanel {
  readonly title: string;
  readonly kql: string;
  readonly columns: Readonly<Record<string, Column>>;
  readonly order: readonly string[];
}

export const savedObjects = readText("kibana/croupier.ndjson")
  .trimEnd()
  .split("\n")
  .map((line) => JSON.parse(line) as SavedObject);

function inside<Thing>(value: unknown): Thing {
  return JSON.parse(String(value)) as Thing;
}

function ofType(type: string): SavedObject[] {
  return savedObjects.filter((object) => object.type === type);
}

export const searches: readonly (Asked & { readonly columns: readonly string[]; readonly sort: readonly string[] })[] = ofType(
  "search",
).map(({ attributes }) => {
  const meta = attributes["kibanaSavedObjectMeta"] as { searchSourceJSON: string };
  const { query } = inside<{ query: { query: string } }>(meta.searchSourceJSON);
  const sort = (attributes["sort"] as [string, string][]).map(([field]) => field);
  return { by: String(attributes["title"]), kql: query.query, columns: attributes["columns"] as string[], sort };
});

export const lensPanels: readonly LensPanel[] = ofType("dashboard").flatMap(({ attributes }) =>
  inside<{ type: string; title: string; embeddableConfig: { attributes: { state: LensState } } }[]>(attributes["panelsJSON"])
    .filter(({ type }) => type === "lens")
    .flatMap(({ title, embeddableConfig: { attributes: panel } }) =>
      Object.values(panel.state.datasourceStates.formBased.layers).map(({ columns, columnOrder }) => ({
        title,
        kql: panel.state.query.query,
        columns,
        order: columnOrder,
      })),
    ),
);

const controlled = ofType("dashboard").flatMap(({ attributes }) => {
  const { panelsJSON } = attributes["controlGroupInput"] as { panelsJSON: string };
  return Object.values(inside<Record<string, { explicitInput: { fieldName: string } }>>(panelsJSON)).map(
    ({ explicitInput }) => explicitInput.fieldName,
  );
});

const formatted = ofType("index-pattern").flatMap(({ attributes }) => [
  String(attributes["timeFieldName"]),
  ...Object.keys(inside<object>(attributes["fieldFormatMap"])),
]);

/** Every field that they name outside of queries, once. */
export const namedFields: readonly string[] = [
  ...new Set([
    ...formatted,
    ...controlled,
    ...searches.flatMap(({ columns, sort }) => [...columns, ...sort]),
    ...lensPanels.flatMap(({ columns }) => Object.values(columns).flatMap(({ sourceField }) => sourceField ?? [])),
  ]),
].filter((field) => field !== "___records___");

/** Every query that they have. */
export const asked: readonly Asked[] = [
  ...searches,
  ...lensPanels.filter(({ kql }) => kql !== "").map(({ title, kql }) => ({ by: `panel ${title}`, kql })),
  ...lensPanels.flatMap(({ title, columns }) =>
    Object.values(columns)
      .flatMap(({ params }) => params.filters ?? [])
      .map(({ label, input }) => ({ by: `panel ${title}, ${label}`, kql: input.query })),
  ),
];

/** What Lens asks Elasticsearch for a panel: buckets one within the other, in the order of the columns, measures innermost. */
export function aggregationsOf({ columns, order }: LensPanel, mapping: Mapping): Query {
  const all = order.flatMap((id) => {
    const column = columns[id];
    if (column === undefined) throw new Error(`there is no column ${id}`);
    const aggregation = aggregationOf(column, mapping);
    return aggregation === undefined ? [] : [{ id, aggregation, isBucket: isBucket(column) }];
  });
  let aggs: Query = Object.fromEntries(all.filter((one) => !one.isBucket).map(({ id, aggregation }) => [id, aggregation]));
  for (const { id, aggregation } of all.filter((one) => one.isBucket).toReversed())
    aggs = { [id]: { ...aggregation, ...(Object.keys(aggs).length > 0 && { aggs }) } };
  return aggs;
}

function isBucket({ operationType }: Column): boolean {
  return ["date_histogram", "terms", "filters"].includes(operationType);
}

/** undefined: a count is what every bucket says by itself. */
function aggregationOf({ operationType, sourceField: field, params }: Column, mapping: Mapping): Query | undefined {
  switch (operationType) {
    case "count":
      return undefined;
    case "unique_count":
      return { cardinality: { field } };
    case "max":
    case "average":
      return { [operationType === "max" ? "max" : "avg"]: { field } };
    case "percentile":
      return { percentiles: { field, percents: [params.percentile] } };
    case "date_histogram":
      return { date_histogram: { field, fixed_interval: "10s", min_doc_count: 0 } }; // Lens reckons it from the time that is shown
    case "terms":
      return { terms: { field, size: params.size } };
    case "filters":
      return {
        filters: {
          filters: Object.fromEntries((params.filters ?? []).map(({ label, input }) => [label, translate(input.query, mapping)])),
        },
      };
    default:
      throw new Error(`the tests do not know the operation ${operationType}`);
  }
}
