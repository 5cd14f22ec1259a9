import { readFileSync } from "node:fs";

/** A file of test/vectors; its shape is the caller's word, since the files are ours and do not change. */
export function readVectors<Shape>(name: string): Shape {
  const text = readFileSync(new URL(`./${name}.json`, import.meta.url), "utf8");
  return JSON.parse(text) as Shape; // parse boundary: the tests fail loudly on another shape
}
