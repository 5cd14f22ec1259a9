/** Prints what redaction finds in the corpus and how long it takes: `npm run redaction`; `-- --misses` lists what it looked at. */
import { availableParallelism, cpus } from "node:os";
import { createRedactor } from "../src/core/redaction.ts";
import { chanceFrom } from "../test/redaction/chance.ts";
import { falsePositivesOf, recallOf } from "../test/redaction/corpus.ts";
import { longTexts } from "../test/redaction/long-texts.ts";

const each = 300;
const negativesEach = 150;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

const tuned = recallOf("tuned", each);
const heldOut = recallOf("held out", each);
print(`| what | promised | recall, seen (${each}) | recall, held out (${each}) |\n| --- | --- | --- | --- |`);
for (const [place, { kind, made, missed }] of tuned.entries()) {
  const other = heldOut[place];
  const otherRecall = other === undefined ? "" : percent(1 - other.missed.length / other.made);
  const promised = kind.isChecked
    ? `checksum${kind.isNamed ? ", when named" : ""}`
    : kind.isNamed
      ? "when named"
      : "form";
  print(`| \`${kind.rule}\` | ${promised} | ${percent(1 - missed.length / made)} | ${otherRecall} |`);
}

print("\n| texts without any | made | with a finding |\n| --- | --- | --- |");
for (const part of ["tuned", "held out"] as const) {
  const { made, found } = falsePositivesOf(part, negativesEach);
  print(
    `| ${part === "tuned" ? "seen" : "held out"} | ${made} | ${found.length} (${percent(found.length / made)}) |`,
  );
}

print("\n| 100 KB of | milliseconds, least of 60 |\n| --- | --- |");
const { redact } = createRedactor({ pseudonymKey: "key" });
for (const [name, text] of Object.entries(longTexts(chanceFrom(5), 100_000))) {
  for (let warm = 0; warm < 20; warm += 1) redact(text);
  const times = Array.from({ length: 60 }, () => {
    const start = performance.now();
    redact(text);
    return performance.now() - start;
  });
  print(`| ${name} | ${Math.min(...times).toFixed(1)} |`);
}
print(
  `\n${cpus()[0]?.model ?? "unknown processor"}, ${availableParallelism()} cores, Node ${process.version}`,
);

if (process.argv.includes("--misses")) {
  for (const { kind, missed } of tuned)
    for (const text of missed.slice(0, 3)) print(`missed ${kind.rule}: ${text}`);
  for (const { family, text, redacted } of falsePositivesOf("tuned", negativesEach).found.slice(0, 25))
    print(`found in ${family}: ${text} → ${redacted}`);
}
