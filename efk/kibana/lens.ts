/**
 * Panels of a Kibana dashboard, from what they show: which lines (KQL), counted or measured how, split by what. The shapes are
 * those of Kibana 8.15, which keeps most of them as JSON in a string. A panel has one layer.
 */

export const dataView = "croupier-logs";
const layer = "lines";
/** The others are one value more. */
const valuesMax = 10;

export type Column = Readonly<Record<string, unknown>>;

interface Panel {
  readonly title: string;
  /** Which lines; left out: all. */
  readonly query?: string;
  readonly columns: Readonly<Record<string, Column>>;
}

/** How many lines. */
export function count(label: string): Column {
  return {
    label,
    customLabel: true,
    dataType: "number",
    operationType: "count",
    isBucketed: false,
    sourceField: "___records___",
    params: {},
  };
}

export function metric(operationType: "unique_count" | "max" | "average", sourceField: string, label: string): Column {
  return { label, customLabel: true, dataType: "number", operationType, isBucketed: false, sourceField, params: {} };
}

export function percentile(percent: number, sourceField: string, label: string): Column {
  const operation = { operationType: "percentile", params: { percentile: percent } };
  return { label, customLabel: true, dataType: "number", isBucketed: false, sourceField, ...operation };
}

export function overTime(): Column {
  const params = { interval: "auto", includeEmptyRows: true, dropPartials: false };
  return { label: "time", dataType: "date", operationType: "date_histogram", isBucketed: true, sourceField: "@timestamp", params };
}

/** The most frequent values of a field, by the column `by`. */
export function values(sourceField: string, label: string, by: string, dataType: "string" | "number" = "string"): Column {
  const params = {
    size: valuesMax,
    orderBy: { type: "column", columnId: by },
    orderDirection: "desc",
    otherBucket: true,
    missingBucket: false,
  };
  return { label, customLabel: true, dataType, operationType: "terms", isBucketed: true, sourceField, params };
}

/** Lines by the query that they answer. */
export function filters(label: string, queries: Readonly<Record<string, string>>): Column {
  const all = Object.entries(queries).map(([name, query]) => ({ label: name, input: { query, language: "kuery" } }));
  return { label, customLabel: true, dataType: "string", operationType: "filters", isBucketed: true, params: { filters: all } };
}

/** One number. */
export function numberPanel({ title, query = "", columns }: Panel) {
  const [accessor = ""] = Object.keys(columns);
  return lens("lnsMetric", { title, query, columns }, { layerId: layer, layerType: "data", metricAccessor: accessor });
}

/** A row per value. */
export function tablePanel({ title, query = "", columns }: Panel) {
  const shown = Object.keys(columns).map((columnId) => ({ columnId }));
  return lens("lnsDatatable", { title, query, columns }, { layerId: layer, layerType: "data", columns: shown });
}

/** Bars over time; the columns are called x, y and, where they are split, split. */
export function barsPanel({ title, query = "", columns }: Panel) {
  const split = "split" in columns ? { splitAccessor: "split" } : {};
  const bars = { layerId: layer, layerType: "data", seriesType: "bar_stacked", xAccessor: "x", accessors: ["y"], ...split };
  const legend = { isVisible: true, position: "right" };
  return lens("lnsXY", { title, query, columns }, { legend, preferredSeriesType: "bar_stacked", layers: [bars] });
}

function lens(visualizationType: string, { title, query, columns }: Required<Panel>, visualization: object) {
  const form = { columns, columnOrder: Object.keys(columns), incompleteColumns: {}, sampling: 1, ignoreGlobalFilters: false };
  return {
    type: "lens",
    embeddableConfig: {
      enhancements: {},
      attributes: {
        title,
        description: "",
        visualizationType,
        type: "lens",
        references: [{ type: "index-pattern", id: dataView, name: `indexpattern-datasource-layer-${layer}` }],
        state: {
          visualization,
          query: { query, language: "kuery" },
          filters: [],
          datasourceStates: { formBased: { layers: { [layer]: form } } },
          internalReferences: [],
          adHocDataViews: {},
        },
      },
    },
    title,
  };
}
