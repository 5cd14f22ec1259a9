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
    ["step", `${view.step} of ${view.steps}, ${sharesOf(view)}`],
    ["observed", observedOf(view)],
    ["why", view.reason === undefined ? undefined : `${view.reason} (${view.by})`],
    ["PROBLEM", view.problem === undefined ? undefined : `its shares are not in force: ${view.problem}`],
    ["arms", readings && armsOf(readings)],
    ["KILLED", readings?.is_killed === true ? "a kill switch stands; nothing is decided" : undefined],
    ["gate", readings?.gate],
    ["data", readings && (listOf(readings.data_problems).join("; ") || undefined)],
    ["locked", view.locked_until === undefined ? undefined : `until ${view.locked_until}`],
  ];
  const head = `${told(view.experiment)}: ${told(view.variant)} is ${paint(told(view.status).replaceAll("_", " "), colourOf(view.status), screen)}`;
  const lines = [
    head,
    ...facts.flatMap(([name, value]) =>
      value === undefined
        ? []
        : wrapped(`  ${name.padEnd(9)} ${told(value)}`, screenWidth, " ".repeat(12)).map(indented),
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

/** `wrapped` takes the spaces at the beginning away. */
function indented(line: string): string {
  return line.startsWith(" ") ? line : `  ${line}`;
}

function sharesOf(view: Fields): string {
  const set = percent(Number(view.set_share));
  const isOther = view.set_share !== view.actual_share;
  const served = isOther ? `, ${percent(Number(view.actual_share))} in force` : "";
  return `${set} of the units${served}; the others meet ${view.incumbent}`;
}

function observedOf({ observed_s: observed, least_s: least, most_s: most, next_at: next }: Fields) {
  if (least === undefined) return undefined;
  const at = next === undefined ? "" : `; next step ${next} at the earliest`;
  return `${observed} s of ${least} s at least, ${most} s at most${at}`;
}

function armsOf({ units, requests }: Fields): string {
  const of = (counts: unknown) => {
    const { treatment, control } = isObject(counts) ? counts : {};
    return `${treatment ?? 0} / ${control ?? 0}`;
  };
  return `treatment / control: ${of(units)} units, ${of(requests)} requests in this step`;
}

const verdictColours: Readonly<Record<string, Colour>> = { harm: "red", suspect: "yellow", safe: "green" };

function slosOf(readings: Fields | undefined, screen: Screen): string[] {
  const slos = Array.isArray(readings?.slos) ? readings.slos.filter(isObject) : [];
  return slos.map((slo) => {
    const verdict = String(slo.verdict);
    const interval = isObject(slo.interval) ? slo.interval : undefined;
    const facts = [
      `${figure(slo.treatment)} against ${figure(slo.control)}`,
      ...(slo.e_value === undefined ? [] : [`e-value ${figure(slo.e_value)}`]),
      ...(interval === undefined ? [] : [`difference ${figure(interval.low)} to ${figure(interval.high)}`]),
      ...(slo.reason === undefined ? [] : [String(slo.reason)]),
    ].join(", ");
    const name = shownText(String(slo.metric), screen).padEnd(18);
    return `  ${name} ${paint(verdict.padEnd(8), verdictColours[verdict], screen)} ${shownText(facts, screen)}`;
  });
}

function decisionsOf({ decisions }: Fields, told: (text: unknown) => string): string[] {
  const all = Array.isArray(decisions) ? decisions.filter(isObject) : [];
  return all.map(({ at, rule, from, to, step, by, reason }) =>
    `  ${told(at)}  ${told(from)} -> ${told(to)}, step ${told(step)}  ${told(rule)} by ${told(by)}: ${told(reason)}`.slice(
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
