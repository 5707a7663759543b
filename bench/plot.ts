/** Lines through points, as an SVG that stands for itself: two axes, each even or logarithmic, a legend, nothing else. */

export interface Axis {
  readonly name: string;
  readonly scale: "even" | "logarithmic";
}

export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

export interface Plot {
  readonly title: string;
  readonly x: Axis;
  readonly y: Axis;
  readonly lines: readonly Line[];
}

const [width, height] = [900, 520];
const frame = { left: 70, right: 660, top: 50, bottom: 460 } as const;
/** Told apart by those who do not see every colour, too. */
const colours = ["#0072b2", "#56b4e9", "#999999", "#e69f00", "#009e73", "#d55e00", "#cc79a7", "#000000"];

/** Where a value lies on an axis, and what is written along it. */
interface Scale {
  place(value: number): number;
  readonly ticks: readonly number[];
}

export function svgOf({ title, x, y, lines }: Plot): string {
  const points = lines.flatMap((line) => line.points);
  const across = scaleOf(
    x,
    points.map(([value]) => value),
    [frame.left, frame.right],
  );
  const up = scaleOf(
    y,
    points.map(([, value]) => value),
    [frame.bottom, frame.top],
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    text(frame.left, 28, title, 'font-size="16"'),
    ...across.ticks.flatMap((tick) => [
      rule(across.place(tick), frame.top, across.place(tick), frame.bottom),
      text(across.place(tick), frame.bottom + 18, labelOf(tick), 'text-anchor="middle"'),
    ]),
    ...up.ticks.flatMap((tick) => [
      rule(frame.left, up.place(tick), frame.right, up.place(tick)),
      text(frame.left - 8, up.place(tick) + 4, labelOf(tick), 'text-anchor="end"'),
    ]),
    text((frame.left + frame.right) / 2, height - 18, x.name, 'text-anchor="middle"'),
    text(0, 0, y.name, `text-anchor="middle" transform="translate(18 ${(frame.top + frame.bottom) / 2}) rotate(-90)"`),
    ...lines.flatMap((line, at) => drawn(line, at, across, up)),
    "</svg>\n",
  ].join("\n");
}

function drawn({ name, points }: Line, at: number, across: Scale, up: Scale): string[] {
  const colour = colours[at % colours.length];
  const places = points.map(([x, y]) => [across.place(x), up.place(y)] as const);
  const legendY = frame.top + 12 + at * 22;
  return [
    `<polyline points="${places.map((place) => place.map(rounded).join(",")).join(" ")}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...places.map(([x, y]) => `<circle cx="${rounded(x)}" cy="${rounded(y)}" r="3" fill="${colour}"/>`),
    `<rect x="${frame.right + 20}" y="${legendY - 10}" width="12" height="12" fill="${colour}"/>`,
    text(frame.right + 38, legendY, name),
  ];
}

function scaleOf({ scale }: Axis, values: readonly number[], [from, to]: readonly [number, number]): Scale {
  const most = Math.max(...values);
  if (scale === "even") {
    const step = stepOf(most);
    const end = Math.ceil(most / step) * step;
    const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, at) => at * step);
    return { ticks, place: (value) => from + (value / end) * (to - from) };
  }
  const [first, last] = [Math.floor(Math.log10(Math.min(...values))), Math.ceil(Math.log10(most))];
  const ticks = Array.from({ length: last - first + 1 }, (_, at) => 10 ** (first + at));
  return { ticks, place: (value) => from + ((Math.log10(value) - first) / Math.max(1, last - first)) * (to - from) };
}

/** So that there are five to ten steps: 1, 2 or 5 times a power of ten. */
function stepOf(most: number): number {
  const power = 10 ** Math.floor(Math.log10(most / 5));
  return power * ([1, 2, 5].findLast((times) => most / (times * power) >= 5) ?? 1);
}

function rule(x1: number, y1: number, x2: number, y2: number): string {
  return `<line x1="${rounded(x1)}" y1="${rounded(y1)}" x2="${rounded(x2)}" y2="${rounded(y2)}" stroke="#dddddd"/>`;
}

function text(x: number, y: number, words: string, more = ""): string {
  return `<text x="${rounded(x)}" y="${rounded(y)}" ${more}>${escaped(words)}</text>`;
}

function escaped(words: string): string {
  return words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}

function labelOf(value: number): string {
  return value >= 1000 ? `${rounded(value / 1000)}k` : String(rounded(value));
}

function rounded(value: number): number {
  return Number(value.toFixed(2));
}
