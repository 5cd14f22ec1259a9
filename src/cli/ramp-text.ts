/** A ramp for people: where it stands, what it waits for, what its SLOs say. */
import { isObject } from "../core/chat-completion.ts";
import { percent } from "../core/line.ts";
import { type Colour, paint, type Screen, screenWidth, shownText, wrapped } from "./screen.ts";

type Fields = Readonly<Record<string, unknown>>;

/** Of the answer of `GET /admin/experiments/{id}/ramp`. */
export function rampText(view: Fields, screen: Screen): string {
  const told = (text: unknown) => shownText(String(text ?? ""), screen);
  const readings = isObject(view.readings) ? view.readings : undefined;
  const facts: [string, unknown][] = [
    ["step", `${view.step} of ${view.steps}; ${sharesOf(view)}`],
    ["observed", observedOf(view)],
    ["why", view.reason === undefined ? undefined : `${view.reason} (${view.by})`],
    ["PROBLEM", view.problem === undefined ? undefined : `its shares are not in force: ${view.problem}`],
    ["KILLED", view.is_killed === true ? "a kill switch stands, and nothing is decided" : undefined],
    ["arms", armsOf(view, readings)],
    ["looked", readings?.at === undefined ? undefined : `at ${readings.at}`],
    ["gate", readings?.gate],
    ["data", readings && (listOf(readings.data_problems).join("; ") || undefined)],
    ["locked", view.locked_until === undefined ? undefined : `until ${view.locked_until}`],
  ];
  const head = `${told(view.experiment)}: ${told(view.variant)} is ${paint(told(view.status).replaceAll("_", " "), colourOf(view.status), screen)}`;
  const lines = [
    head,
    ...facts.flatMap(([name, value]) =>
      value === undefined ? [] : column(`  ${name}`, told(value), factIndent),
    ),
    ...slosOf(readings, screen),
    ...decisionsOf(view, told),
  ];
  return `${lines.join("\n")}\n`;
}

/** Of the answer to an order with `dry_run`. */
export function dryRunText({ experiment, status, moves }: Fields): string {
  const planned = (Array.isArray(moves) ? moves.filter(isObject) : []).map((move) => {
    const at = (name: string) => percent(Number(move[name]));
    return `  step ${move.step}: treatment ${at("treatment_share")}, control ${at("control_share")}; new to the treatment ${at("enters_treatment")}, to the control ${at("enters_control")}; ${at("changes_arm")} change arm`;
  });
  const last = planned.length - 1;
  const named = planned.map((line, index) => (index === last ? line.replace(/step \d+/, "complete") : line));
  return [`${experiment}: would be ${status}; nothing was done. Shares of all units:`, ...named, ""].join(
    "\n",
  );
}

const factIndent = 12;
const sloIndent = 30;

/** A name, and a text beside it that keeps to its column. `width` is what the name takes on a screen. */
function column(name: string, text: string, indent: number, width = name.length): string[] {
  const [first = "", ...rest] = wrapped(text, screenWidth - indent);
  const gap = " ".repeat(Math.max(1, indent - width));
  return [`${name}${gap}${first}`, ...rest.map((line) => `${" ".repeat(indent)}${line}`)];
}

function sharesOf({ variant, control, set_share: set, actual_share: actual }: Fields): string {
  const served = set === actual ? "" : `, ${percent(Number(actual))} in force`;
  return `${percent(Number(set))} of the units meet ${variant}${served}, the others ${control}`;
}

function observedOf({ status, observed_s: observed, least_s: least, most_s: most, next_at: next }: Fields) {
  if (least === undefined) return undefined;
  const what = status === "holding" ? "the hold ends" : "the next begins";
  const at = next === undefined ? "" : `; ${what} not before ${next}`;
  const [seen, wanted, longest] = [observed, least, most].map((seconds) => spanText(Number(seconds)));
  return `${seen} of ${wanted} at least, ${longest} at most${at}`;
}

/** `90 s`, `25 min`, `24 h`: what is left over is not worth its place. */
function spanText(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.floor(seconds / 60)} min` : `${Math.floor(seconds / 3600)} h`;
}

function armsOf({ step }: Fields, readings: Fields | undefined): string | undefined {
  if (readings === undefined) return undefined;
  const { units, requests, step: read } = readings;
  if (read !== step) return "this step has not been looked at yet";
  const of = (counts: unknown) => {
    const { treatment, control } = isObject(counts) ? counts : {};
    return `${treatment ?? 0} / ${control ?? 0}`;
  };
  return `treatment / control: ${of(units)} units, ${of(requests)} requests in this step`;
}

const verdictColours: Readonly<Record<string, Colour>> = { harm: "red", suspect: "yellow", safe: "green" };

function slosOf(readings: Fields | undefined, screen: Screen): string[] {
  const slos = Array.isArray(readings?.slos) ? readings.slos.filter(isObject) : [];
  return slos.flatMap((slo) => {
    const verdict = String(slo.verdict);
    const told = [
      `${figure(slo.treatment)} against ${figure(slo.control)}`,
      ...toleranceOf(slo),
      ...evidenceOf(slo, readings?.e_value_limit),
      ...(slo.reason === undefined ? [] : [String(slo.reason)]),
    ].join("; ");
    const name = `  ${shownText(String(slo.metric), screen).padEnd(18)} `;
    const painted = `${name}${paint(verdict, verdictColours[verdict], screen)}`;
    return column(painted, shownText(told, screen), sloIndent, name.length + verdict.length);
  });
}

/** `tolerated: 25 % more` */
function toleranceOf({ better, margin }: Fields): string[] {
  if (!isObject(margin)) return [];
  const size = margin.kind === "relative" ? percent(Number(margin.value)) : figure(margin.value);
  return [`tolerated: ${size} ${better === "lower" ? "more" : "less"}`];
}

function evidenceOf({ e_value: eValue, interval, verdict }: Fields, limit: unknown): string[] {
  if (eValue !== undefined) return [`e-value ${figure(eValue)} (${figure(limit)} rolls back)`];
  if (isObject(interval)) return [`difference ${figure(interval.low)} to ${figure(interval.high)}`];
  return verdict === "unknown" ? [] : ["no bounds of the difference yet"];
}

function decisionsOf({ decisions }: Fields, told: (text: unknown) => string): string[] {
  const all = Array.isArray(decisions) ? decisions.filter(isObject) : [];
  return all.map(({ at, rule, order, from, from_step: before, to, step, by, reason }) =>
    `  ${told(at)}  ${told(from)} ${told(before)} -> ${told(to)} ${told(step)}  ${told(order ?? rule)} by ${told(by)}: ${told(reason)}`.slice(
      0,
      2 * screenWidth,
    ),
  );
}

function figure(value: unknown): string {
  return typeof value === "number" ? String(Number(value.toPrecision(3))) : "-";
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function colourOf(status: unknown): Colour {
  if (status === "completed") return "green";
  if (status === "rolling_back" || status === "rolled_back") return "red";
  return status === "holding" || status === "paused" ? "yellow" : "bold";
}
