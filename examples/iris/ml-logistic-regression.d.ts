/** What we use of ml-logistic-regression 2, which ships no types. */
declare module "ml-logistic-regression" {
  import type { Matrix } from "ml-matrix";

  /** One against the rest for each class, by gradient descent; without an intercept. Classes are 0, 1, 2 … */
  export default class LogisticRegression {
    constructor(options?: { readonly numSteps?: number; readonly learningRate?: number });
    train(features: Matrix, classes: Matrix): void;
    predict(features: Matrix): number[];
    toJSON(): object;
    static load(model: object): LogisticRegression;
  }
}
