/** Fisher's iris data (The use of multiple measurements in taxonomic problems, 1936): 150 flowers of three species, in cm. */
import { readFileSync } from "node:fs";

export interface Flower {
  readonly measures: Readonly<Record<Measure, number>>;
  readonly species: Species;
}

export const measures = ["sepal_length", "sepal_width", "petal_length", "petal_width"] as const;
export type Measure = (typeof measures)[number];

export const species = ["setosa", "versicolor", "virginica"] as const;
export type Species = (typeof species)[number];

/** Every second flower teaches the models; the others are what they are asked about, for they have not seen them. */
export function readFlowers(): { readonly known: readonly Flower[]; readonly unseen: readonly Flower[] } {
  const [, ...lines] = readFileSync(new URL("./iris.csv", import.meta.url), "utf8")
    .trim()
    .split("\n");
  const flowers = lines.map(flowerOf);
  return {
    known: flowers.filter((_, index) => index % 2 === 0),
    unseen: flowers.filter((_, index) => index % 2 === 1),
  };
}

function flowerOf(line: string): Flower {
  const cells = line.split(",");
  const [sepalLength, sepalWidth, petalLength, petalWidth] = cells.map(Number);
  const name = species.find((one) => one === cells[4]);
  if (sepalLength === undefined || sepalWidth === undefined) throw new Error(`no flower: ${line}`);
  if (petalLength === undefined || petalWidth === undefined || name === undefined) {
    throw new Error(`no flower: ${line}`);
  }
  return {
    measures: {
      sepal_length: sepalLength,
      sepal_width: sepalWidth,
      petal_length: petalLength,
      petal_width: petalWidth,
    },
    species: name,
  };
}
