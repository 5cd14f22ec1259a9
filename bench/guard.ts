/**
 * What a request costs against its budget: `node bench/guard.ts [--update]`. Exit code 1 when it costs too much; `--update` writes
 * what was measured to `budget.json`, for a change that was meant.
 */
import { writeFileSync } from "node:fs";
import { type BudgetName, budgetFile, guards, mostOf, readBudget } from "./budget.ts";
import { readOptions } from "./read-options.ts";

const { update } = readOptions("npm run bench:guard -- [--update]", {
  update: { type: "boolean", default: false },
});
const names = Object.keys(guards) as BudgetName[];
const measured: Record<string, number> = {};
for (const name of names) {
  const { measure, digits } = guards[name];
  measured[name] = Number((await measure()).toFixed(digits));
  const isTooMuch = measured[name] > mostOf(name);
  process.stdout.write(`${name} ${measured[name]}, budget ${readBudget()[name]}, at most ${mostOf(name)}\n`);
  if (isTooMuch && !update) process.exitCode = 1;
}
if (update) writeFileSync(budgetFile, `${JSON.stringify(measured, null, 2)}\n`);
