/** A die, a cube of six drawn faces; and the cup that hides one. */

/** Where the pips of each face are, on a square of three by three. */
const pips: Readonly<Record<number, readonly (readonly [x: number, y: number])[]>> = {
  1: [[1, 1]],
  2: [
    [0, 0],
    [2, 2],
  ],
  3: [
    [0, 0],
    [1, 1],
    [2, 2],
  ],
  4: [
    [0, 0],
    [2, 0],
    [0, 2],
    [2, 2],
  ],
  5: [
    [0, 0],
    [2, 0],
    [1, 1],
    [0, 2],
    [2, 2],
  ],
  6: [
    [0, 0],
    [2, 0],
    [0, 1],
    [2, 1],
    [0, 2],
    [2, 2],
  ],
};
const faces = [1, 2, 3, 4, 5, 6];

interface DieProps {
  readonly points: number;
  readonly size?: "tiny" | "large";
  /** It has just been thrown. */
  readonly isRolling?: boolean;
}

/** For eyes only: whoever draws it says in words what it shows. */
export function Die({ points, size = "large", isRolling = false }: DieProps) {
  if (size === "tiny") return <Face points={points} />;
  return (
    <span class="die" aria-hidden="true">
      <span class={`cube shows-${points} ${isRolling ? "rolling" : ""}`}>
        <span class="inner inner-1" />
        <span class="inner inner-2" />
        <span class="inner inner-3" />
        {faces.map((face) => (
          <Face key={face} points={face} />
        ))}
      </span>
    </span>
  );
}

function Face({ points }: { points: number }) {
  return (
    <svg class={`face face-${points}`} viewBox="0 0 30 30" aria-hidden="true">
      <rect class="face-body" x="0.5" y="0.5" width="29" height="29" rx="5" />
      {pips[points]?.map(([x, y]) => (
        <circle key={`${x}${y}`} class={points === 1 ? "pip one" : "pip"} cx={7 + 8 * x} cy={7 + 8 * y} r={points === 1 ? 4 : 2.7} />
      ))}
    </svg>
  );
}

/** A leather cup, upside down. */
export function Cup() {
  return (
    <svg class="cup" viewBox="0 0 60 64" aria-hidden="true">
      <ellipse class="cup-shadow" cx="30" cy="58" rx="27" ry="5" />
      <path class="cup-body" d="M15 8 Q30 3 45 8 L54 55 Q30 63 6 55 Z" />
      <path class="cup-shine" d="M20 9 L24 8 L21 57 L13 56 Z" />
      <path class="cup-band" d="M7.5 47 Q30 55 52.5 47 L54 55 Q30 63 6 55 Z" />
      <path class="cup-stitch" d="M14.2 12 Q30 17 45.8 12" />
    </svg>
  );
}
