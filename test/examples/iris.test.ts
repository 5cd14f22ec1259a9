import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readFlowers, species } from "../../examples/iris/flowers.ts";
import { accuracyOf, lessons, train } from "../../examples/iris/train.ts";

const example = join(import.meta.dirname, "../../examples/iris/run.ts");

function run(args: readonly string[]): Promise<{ readonly code: number | null; readonly out: string }> {
  const { PATH = "" } = process.env;
  const child = spawn(process.execPath, [example, ...args], { env: { PATH, NO_COLOR: "1" } });
  let out = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
  }
  return new Promise((resolve) => child.on("close", (code) => resolve({ code, out })));
}

describe("the iris example", () => {
  test("has Fisher's 150 flowers, 50 of each species, half of them kept from the models", () => {
    const { known, unseen } = readFlowers();
    const all = [...known, ...unseen];
    assert.deepEqual([known.length, unseen.length], [75, 75]);
    for (const name of species) assert.equal(all.filter((flower) => flower.species === name).length, 50);
    const mean = (of: keyof (typeof all)[number]["measures"]) =>
      all.reduce((sum, { measures }) => sum + measures[of], 0) / all.length;
    // As every statistics package prints them for this data set.
    const means = [mean("sepal_length"), mean("sepal_width"), mean("petal_length"), mean("petal_width")];
    assert.deepEqual(
      means.map((value) => value.toFixed(6)),
      ["5.843333", "3.057333", "3.758000", "1.199333"],
    );
  });

  test("trains one model that is clearly better on flowers that neither has seen", () => {
    const { known, unseen } = readFlowers();
    const sepals = accuracyOf(train(lessons.sepals, known), unseen);
    const petals = accuracyOf(train(lessons.petals, known), unseen);
    assert.ok(sepals > 0.7 && petals > sepals + 0.1, `${sepals} and ${petals}`);
  });

  test("ends, by one command, with the better model named", async () => {
    const { code, out } = await run(["800"]);
    assert.match(out, /\$ assay results iris\n\nShip "candidate"/, out);
    assert.equal(code, 0);
  });
});
