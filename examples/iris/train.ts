/** Two logistic regressions: one looks at the sepals alone, the other at the petals too. `node examples/iris/train.ts` says how good they are. */
import LogisticRegression from "ml-logistic-regression";
import { Matrix } from "ml-matrix";
import { type Flower, type Measure, measures, readFlowers, species } from "./flowers.ts";

export interface SpeciesModel {
  readonly version: string;
  predict(flower: Readonly<Record<Measure, number>>): string;
}

export interface Lesson {
  readonly version: string;
  readonly features: readonly Measure[];
}

export const lessons = {
  sepals: { version: "sepals-1", features: ["sepal_length", "sepal_width"] },
  petals: { version: "petals-1", features: measures },
} as const satisfies Record<string, Lesson>;

export function train({ version, features }: Lesson, flowers: readonly Flower[]): SpeciesModel {
  // The library fits no intercept: a constant feature is one.
  const rowOf = (flower: Readonly<Record<Measure, number>>) => [1, ...features.map((name) => flower[name])];
  const model = new LogisticRegression({ numSteps: 5000, learningRate: 0.002 });
  model.train(
    new Matrix(flowers.map((flower) => rowOf(flower.measures))),
    Matrix.columnVector(flowers.map((flower) => species.indexOf(flower.species))),
  );
  return {
    version,
    predict: (flower) => species[model.predict(new Matrix([rowOf(flower)]))[0] ?? 0] ?? species[0],
  };
}

/** The share of flowers whose species the model names. */
export function accuracyOf(model: SpeciesModel, flowers: readonly Flower[]): number {
  const right = flowers.filter((flower) => model.predict(flower.measures) === flower.species);
  return right.length / flowers.length;
}

if (import.meta.main) {
  const { known, unseen } = readFlowers();
  for (const lesson of Object.values(lessons)) {
    const model = train(lesson, known);
    const percent = (100 * accuracyOf(model, unseen)).toFixed(1);
    process.stdout.write(`${model.version}: right on ${percent} % of ${unseen.length} unseen flowers\n`);
  }
}
