import { dirname, join, resolve } from "node:path";
import type { Config, ConfigTexts } from "../domain/config.ts";
import { checkAnalysis } from "./check-analysis.ts";
import { checkExperiments } from "./check-experiments.ts";
import { checkGuardrails } from "./check-guardrails.ts";
import { checkMetrics } from "./check-metrics.ts";
import { checkPredictions } from "./check-predict.ts";
import { checkRamps } from "./check-ramp.ts";
import { checkRedaction } from "./check-redaction.ts";
import { checkSecrets } from "./check-secrets.ts";
import { checkServer } from "./check-server.ts";
import type { Finding, ShapeCheck } from "./check-shape.ts";
import { checkShape } from "./check-shape.ts";
import { checkTogether } from "./check-together.ts";
import { checkUpstreams } from "./check-upstreams.ts";
import { digestOf } from "./digest.ts";
import type { FileReader } from "./file-reader.ts";
import { createFileReader } from "./file-reader.ts";
import type { ConfigFile } from "./file-shape.ts";
import type { Environment } from "./interpolate.ts";
import { pointerOf, pointersAround } from "./locate.ts";
import type { OutputSchema } from "./output-schema.ts";
import { loadOutputSchema } from "./output-schema.ts";
import type { Problem } from "./problems.ts";
import { sortProblems } from "./problems.ts";
import type { LoadedPrompts } from "./prompts.ts";
import { loadPrompts } from "./prompts.ts";
import { toConfig } from "./to-config.ts";
import type { YamlSource } from "./yaml-source.ts";
import { parseYaml } from "./yaml-source.ts";

/** What there is to watch, as absolute paths, whether or not it was found. */
interface Watched {
  readonly files: readonly string[];
  /** A new prompt shows in these only. */
  readonly directories: readonly string[];
}

export interface LoadedConfig extends Watched {
  readonly config: Config;
  readonly texts: ConfigTexts;
  /** SHA-256 of what decides behaviour, 64 hex digits; a revision is named by its beginning. */
  readonly digest: string;
}

export interface RefusedConfig extends Watched {
  readonly problems: readonly Problem[];
}

/**
 * Reads a configuration with its prompts and schemas, from disk as it is now unless it is told from where. Gives all problems at once, in the order
 * of the text; throws for none of them. Paths in the file are relative to its directory.
 */
export function loadConfig(
  path: string,
  env: Environment,
  reader: FileReader = createFileReader(),
): LoadedConfig | RefusedConfig {
  const loaded = load({ path, env, reader });
  const absolute = (paths: ReadonlyMap<string, unknown>): readonly string[] =>
    [...paths.keys()].map((each) => resolve(each));
  return {
    ...loaded,
    texts: reader,
    files: absolute(reader.files),
    directories: absolute(reader.directories),
  };
}

type Loaded = Pick<LoadedConfig, "config" | "digest"> | Pick<RefusedConfig, "problems">;

function load(from: {
  readonly path: string;
  readonly env: Environment;
  readonly reader: FileReader;
}): Loaded {
  const { path, env, reader } = from;
  const read = reader.read(path);
  if ("message" in read) return { problems: [{ file: path, line: 1, column: 1, message: read.message }] };
  const source = parseYaml(read.text, env);
  const inSource = source.problems.map((problem) => ({ file: path, ...problem }));
  const directory = dirname(path);
  const prompts = loadPrompts(join(directory, "prompts"), reader);
  if (source.value === undefined) return { problems: sortProblems([...inSource, ...prompts.problems]) };

  const shape = checkShape(source);
  const located = (finding: Finding): Problem => ({
    file: path,
    ...source.places.locate(finding.pointer, finding.side),
    message: finding.message,
  });
  const schemas = loadSchemas({ file: shape.file, directory, reader });
  const meaning = checkMeaning({ shape, source, prompts, schemas: schemas.loaded });
  const findings = [...shape.findings, ...trusted([...schemas.findings, ...meaning], shape.replaced)];
  const problems = [...inSource, ...findings.map(located), ...schemas.problems, ...prompts.problems];
  if (shape.file === undefined || problems.length > 0) return { problems: sortProblems(problems) };

  const { keys, references } = source;
  const config = toConfig({
    file: shape.file,
    keys,
    directory,
    prompts: prompts.prompts,
    schemas: schemas.loaded,
    inputs: schemas.inputs,
  });
  return { config, digest: digestOf(config, references) };
}

function checkMeaning(check: {
  readonly shape: ShapeCheck;
  readonly source: YamlSource;
  readonly prompts: LoadedPrompts;
  readonly schemas: ReadonlyMap<string, OutputSchema>;
}): readonly Finding[] {
  const { file } = check.shape;
  if (file === undefined) return [];
  const { source, prompts, schemas } = check;
  return [
    ...checkServer(file),
    ...checkSecrets(file, source),
    ...checkUpstreams(file, source),
    ...checkExperiments({ file, source, promptNames: prompts.names, schemas }),
    ...checkPredictions(file, source),
    ...checkTogether(file, source),
    ...checkGuardrails(file, source, prompts),
    ...checkMetrics(file),
    ...checkRedaction(file),
    ...checkAnalysis(file, source),
    ...checkRamps(file, source),
  ];
}

interface LoadedSchemas {
  /** Of outputs and of model servers' inputs, by experiment. */
  readonly loaded: ReadonlyMap<string, OutputSchema>;
  readonly inputs: ReadonlyMap<string, OutputSchema>;
  readonly findings: readonly Finding[];
  /** In the schemas' own files. */
  readonly problems: readonly Problem[];
}

function loadSchemas(from: {
  readonly file: ConfigFile | undefined;
  readonly directory: string;
  readonly reader: FileReader;
}): LoadedSchemas {
  const loaded = new Map<string, OutputSchema>();
  const inputs = new Map<string, OutputSchema>();
  const findings: Finding[] = [];
  const problems: Problem[] = [];
  const load = (experimentId: string, place: SchemaPlace): void => {
    if (place.written === undefined) return;
    const { directory, reader } = from;
    const result = loadOutputSchema({ written: place.written, experimentId, directory, reader });
    if ("schema" in result) {
      place.into.set(experimentId, result.schema);
      return;
    }
    const pointer = pointerOf("experiments", experimentId, ...place.at);
    const { problem } = result;
    if (problem.at === "file") problems.push(problem.problem);
    else findings.push({ pointer: `${pointer}${problem.within}`, side: "value", message: problem.message });
  };
  for (const [id, { output, predict }] of Object.entries(from.file?.experiments ?? {})) {
    load(id, { written: output.schema, at: ["output", "schema"], into: loaded });
    load(id, { written: predict?.input, at: ["predict", "input"], into: inputs });
  }
  return { loaded, inputs, findings, problems };
}

interface SchemaPlace {
  readonly written: string | Readonly<Record<string, unknown>> | undefined;
  readonly at: readonly string[];
  readonly into: Map<string, OutputSchema>;
}

/** Leaves out what would be said about a stand-in, about something inside it, or about what holds it. */
function trusted(findings: readonly Finding[], replaced: readonly string[]): readonly Finding[] {
  const stands = new Set(replaced);
  const holders = new Set(replaced.flatMap(pointersAround));
  return findings.filter(({ pointer }) => {
    const isInside = [pointer, ...pointersAround(pointer)].some((each) => stands.has(each));
    return !isInside && !holders.has(pointer);
  });
}
