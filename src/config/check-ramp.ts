import { builtIns, isBuiltIn } from "../core/built-in-metrics.ts";
import { isForbidden, networkKind } from "../core/network-address.ts";
import { findRampProblem } from "../core/ramp/problem.ts";
import { isTimeZone } from "../core/ramp/schedule.ts";
import { builtInMetrics } from "../domain/metric.ts";
import { limitProblem } from "./check-limit.ts";
import type { Finding } from "./check-shape.ts";
import { unknownName } from "./check-upstreams.ts";
import type { ConfigFile, ExperimentSection, RampSection } from "./file-shape.ts";
import { pointerOf } from "./locate.ts";
import { toExperiment } from "./to-config.ts";
import type { YamlSource } from "./yaml-source.ts";

/** The plan of each ramp, by itself and with its experiment. */
export function checkRamps(file: ConfigFile, source: YamlSource): readonly Finding[] {
  return Object.entries(file.experiments).flatMap(([id, experiment]) => {
    const { ramp } = experiment;
    if (ramp === undefined) return [];
    const at: At = (...path) => pointerOf("experiments", id, "ramp", ...path);
    const names = [...(source.keys.get("/metrics") ?? []), ...builtInMetrics];
    const findings = [
      ...checkSlos(ramp, { names, metrics: file.metrics }, at),
      ...checkTimes(ramp, at),
      ...checkTimeZone(ramp, at),
      ...checkGate(ramp, at),
      ...checkHooks(ramp, at),
    ];
    // What is reckoned from a time that is none would only repeat it.
    return findings.length > 0 ? findings : checkPlan(file, { id, experiment, at });
  });
}

type At = (...path: readonly (string | number)[]) => string;

function checkSlos(
  { slos = [] }: RampSection,
  { names, metrics }: { readonly names: readonly string[]; readonly metrics: ConfigFile["metrics"] },
  at: At,
): readonly Finding[] {
  const seen = new Set<string>();
  return slos.flatMap((written, index): readonly Finding[] => {
    const slo = typeof written === "string" ? { metric: written } : written;
    const { metric, margin } = slo;
    const pointer = typeof written === "string" ? at("slos", index) : at("slos", index, "metric");
    const isRepeated = seen.has(metric);
    seen.add(metric);
    if (!names.includes(metric))
      return [{ pointer, side: "value", message: unknownName({ kind: "metric", name: metric, names }) }];
    if (isRepeated)
      return [{ pointer, side: "value", message: `metric "${metric}" is listed twice; keep one of the two` }];
    const problem =
      margin === undefined ? undefined : limitProblem({ metric, key: "margin", written: margin }, metrics);
    if (problem !== undefined)
      return [{ pointer: at("slos", index, "margin"), side: "value", message: problem }];
    const never = typeof written === "string" ? undefined : ceilingProblem(written, metrics);
    return never === undefined
      ? []
      : [{ pointer: at("slos", index, "ceiling"), side: "value", message: never }];
  });
}

/** One that both arms always pass would hold the ramp for ever. */
function ceilingProblem(
  { metric, ceiling }: { readonly metric: string; readonly ceiling?: number | undefined },
  metrics: ConfigFile["metrics"],
): string | undefined {
  if (ceiling === undefined) return undefined;
  const isShareOfGood = isBuiltIn(metric) && builtIns[metric].better === "higher";
  if (isShareOfGood && ceiling >= 1)
    return `\`ceiling\` is ${ceiling}, and no \`${metric}\` is above 1; it holds below its ceiling, so write a smaller share`;
  const isOwn = metrics[metric] !== undefined;
  if (isOwn || isShareOfGood || ceiling > 0) return undefined;
  return `\`ceiling\` is ${ceiling}, and every \`${metric}\` is above it; it must be more than 0`;
}

/** The pattern lets months of 13 pass. */
function checkTimes({ schedule }: RampSection, at: At): readonly Finding[] {
  const times: [string | undefined, string][] = [
    [schedule.start_at, at("schedule", "start_at")],
    ...schedule.freezes.flatMap(({ from, to }, index): [string, string][] => [
      [from, at("schedule", "freezes", index, "from")],
      [to, at("schedule", "freezes", index, "to")],
    ]),
  ];
  return times.flatMap(([text, pointer]): readonly Finding[] =>
    text === undefined || Number.isFinite(Date.parse(text))
      ? []
      : [{ pointer, side: "value", message: `${text} is no time; write one such as 2026-11-22T10:00:00Z` }],
  );
}

/** Also of one that no hours need yet: whoever adds them would look for the fault there. */
function checkTimeZone({ schedule: { time_zone: name } }: RampSection, at: At): readonly Finding[] {
  if (isTimeZone(name)) return [];
  const message = `"${name}" is no time zone; write one like Europe/Berlin`;
  return [{ pointer: at("schedule", "time_zone"), side: "value", message }];
}

function checkGate({ gate }: RampSection, at: At): readonly Finding[] {
  if (gate === undefined) return [];
  const kind = networkKind(new URL(gate.url).hostname);
  if (kind !== undefined && isForbidden(kind)) {
    const message = `\`url\` is a ${kind.replace("_", "-")} address, where no server of yours is; name another`;
    return [{ pointer: at("gate", "url"), side: "value", message }];
  }
  if ((gate.below === undefined) !== (gate.above === undefined)) return [];
  const found = gate.below === undefined ? "neither" : "both";
  const message = `the gate has ${found} of \`below\` and \`above\`; give it one`;
  return [{ pointer: at("gate"), side: "key", message }];
}

/** Addresses are secrets: none is told. */
function checkHooks({ notify }: RampSection, at: At): readonly Finding[] {
  return notify.flatMap(({ url, secret, format }, index): readonly Finding[] => {
    const first = notify.findIndex((one) => one.url === url && one.format === format);
    if (first !== index) {
      const message = `this hook is ${first + 1} again; join their \`on\``;
      return [{ pointer: at("notify", index), side: "key", message }];
    }
    const weak = secret === undefined ? undefined : weakness(secret);
    if (weak !== undefined) return [{ pointer: at("notify", index, "secret"), side: "value", message: weak }];
    const pointer = at("notify", index, "url");
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    if (parsed === undefined || !/^https?:$/.test(parsed.protocol))
      return [{ pointer, side: "value", message: "the value of `url` is no http or https address" }];
    const kind = networkKind(parsed.hostname);
    if (kind === undefined || !isForbidden(kind)) return [];
    const message = `the value of \`url\` is a ${kind.replace("_", "-")} address, where no hook of yours is; name another`;
    return [{ pointer, side: "value", message }];
  });
}

/** Standard Webhooks 1.0 wants 24 bytes at least; by a key of none anybody signs. */
const fewestKeyBytes = 24;

function weakness(secret: string): string | undefined {
  if (secret === "")
    return "the value of `secret` is empty, and nothing would be signed; set it, or leave it out";
  const base64 = secret.startsWith("whsec_") ? secret.slice("whsec_".length) : undefined;
  if (base64 === undefined) return undefined;
  const isWhole = /^[A-Za-z0-9+/]+={0,2}$/.test(base64);
  if (isWhole && Buffer.from(base64, "base64").length >= fewestKeyBytes) return undefined;
  return `the value of \`secret\` is no \`whsec_\` with the Base64 of ${fewestKeyBytes} bytes or more`;
}

function checkPlan(
  file: ConfigFile,
  { id, experiment, at }: { readonly id: string; readonly experiment: ExperimentSection; readonly at: At },
): readonly Finding[] {
  const around = { schema: undefined, input: undefined, order: [], metrics: file.metrics };
  const config = toExperiment(id, experiment, around);
  const problem = config.ramp && findRampProblem(config, config.ramp);
  if (problem === undefined) return [];
  return [{ pointer: at(...problem.at), side: "key", message: problem.message }];
}
