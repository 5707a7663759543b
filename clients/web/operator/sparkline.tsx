/** A small line: how often something happened, look by look, the newest at the right. */
import type { VNode } from "preact";

const width = 120;
const height = 24;
/** As many looks as are kept: a line that has just begun is short. */
const looks = 60;

export function Sparkline({ values, label }: { values: readonly number[]; label: string }): VNode {
  const most = Math.max(1, ...values);
  const step = width / (looks - 1);
  const left = width - step * (values.length - 1);
  const points = values.map((value, at) => `${(left + at * step).toFixed(1)},${(height - 1 - (value / most) * (height - 3)).toFixed(1)}`);
  return (
    <svg class="sparkline" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${label}: at most ${most} in five seconds`}>
      <polyline points={points.join(" ")} />
    </svg>
  );
}
