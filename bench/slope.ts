export interface Slope {
  /** In units of y for one of x. */
  readonly slope: number;
  readonly low: number;
  readonly high: number;
}

const blocks = 20;
/** The 0.975 quantile of Student's t with `blocks - 2` degrees of freedom. */
const t = 2.101;

/**
 * The slope of a line through the points, with its 95 % interval. What is close in time is alike, so the line goes through the
 * means of twenty blocks, whose errors are nearly independent. Throws when there are fewer than forty points.
 */
export function slopeOf(points: readonly { readonly x: number; readonly y: number }[]): Slope {
  if (points.length < 2 * blocks) throw new Error(`a slope wants ${2 * blocks} points, not ${points.length}`);
  const means = Array.from({ length: blocks }, (_, block) => {
    const [from, to] = [block, block + 1].map((edge) => Math.floor((edge * points.length) / blocks));
    const part = points.slice(from, to);
    return { x: mean(part.map(({ x }) => x)), y: mean(part.map(({ y }) => y)) };
  });
  const [centreX, centreY] = [mean(means.map(({ x }) => x)), mean(means.map(({ y }) => y))];
  const spreadX = sum(means.map(({ x }) => (x - centreX) ** 2));
  const slope = sum(means.map(({ x, y }) => (x - centreX) * (y - centreY))) / spreadX;
  const rest = sum(means.map(({ x, y }) => (y - centreY - slope * (x - centreX)) ** 2));
  const error = Math.sqrt(rest / (blocks - 2) / spreadX);
  return { slope, low: slope - t * error, high: slope + t * error };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;
