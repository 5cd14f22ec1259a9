import type { Document, Node, Pair, Scalar, YAMLError } from "yaml";
import { isAlias, isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { Environment } from "./interpolate.ts";
import { interpolate } from "./interpolate.ts";
import type { Locator, Places, Position } from "./locate.ts";
import { createPlaces, pointerTo } from "./locate.ts";

export interface YamlSource {
  readonly value: unknown;
  readonly places: Locator;
  /** By JSON pointer, the text as written of every string that the environment had a part in. */
  readonly references: ReadonlyMap<string, string>;
  /** By JSON pointer, the text as written of every other string. */
  readonly literals: ReadonlyMap<string, string>;
  /** By JSON pointer of a map, its keys as they follow in the text: an object would put numeric names first. */
  readonly keys: ReadonlyMap<string, readonly string[]>;
  /** JSON pointers of values that `problems` is about: what stands in their place means nothing. */
  readonly unreadable: readonly string[];
  readonly problems: readonly (Position & { readonly message: string })[];
}

/** Bounds on one YAML file. Real configurations need a few per cent of each. */
const limits = { characters: 256 * 1024, nodes: 20_000, depth: 40, syntaxProblems: 10 };

/** The values of a YAML 1.2 text with its references to the environment filled in, and where each of them stands. */
export function parseYaml(text: string, env: Environment): YamlSource {
  if (text.length > limits.characters) {
    return failed([
      { line: 1, column: 1, message: "the file is over 256 KiB; split prompts and schemas off" },
    ]);
  }
  // Keys are compared below: the parser's own comparison is quadratic in the size of a map.
  const document = parseDocument(text, {
    prettyErrors: false,
    uniqueKeys: false,
    stringKeys: true,
    resolveKnownTags: false,
  });
  const places = createPlaces(text);
  const syntax = syntaxProblems(document, places, text);
  if (syntax.length > 0) return failed(syntax);
  if (document.contents === null) {
    return failed([{ line: 1, column: 1, message: "the file is empty; it needs at least `upstreams`" }]);
  }
  return readDocument({ text, contents: document.contents, env, places });
}

function failed(problems: YamlSource["problems"]): YamlSource {
  const places: Locator = { locate: () => ({ line: 1, column: 1 }) };
  return {
    value: undefined,
    places,
    references: new Map(),
    literals: new Map(),
    keys: new Map(),
    unreadable: [],
    problems,
  };
}

function syntaxProblems(document: Document.Parsed, places: Places, text: string): YamlSource["problems"] {
  const errors: readonly YAMLError[] = [...document.errors, ...document.warnings];
  const exhausted = errors.find((error) => error.code === "RESOURCE_EXHAUSTION");
  const firsts = new Map<string, YamlSource["problems"][number]>();
  for (const error of exhausted === undefined ? errors : [exhausted]) {
    const position = places.positionAt(error.pos[0]);
    // Recovery stumbles over the same line again and again; the first time is the telling one.
    const first = `${position.line} ${error.code}`;
    if (firsts.has(first)) continue;
    const line = text.split("\n", position.line).at(-1) ?? "";
    firsts.set(first, { ...position, message: syntaxMessage(error, line.slice(0, 300)) });
    if (firsts.size === limits.syntaxProblems) break;
  }
  return [...firsts.values()];
}

function syntaxMessage(error: YAMLError, line: string): string {
  switch (error.code) {
    case "RESOURCE_EXHAUSTION":
      return `the file is nested too deeply; ${limits.depth} levels are allowed`;
    case "TAG_RESOLVE_FAILED":
      return "YAML tags are not supported; remove the `!…`";
    case "MULTIPLE_DOCS":
      return "the file holds several YAML documents; keep one, without `---` between";
    // The parser quotes the text it stumbled over, which may be a secret in the wrong place.
    case "UNEXPECTED_TOKEN":
      return /[{[,].*[^"'$]\$\{/.test(line)
        ? `this is not valid YAML here; between \`{\` or \`[\` and its end a reference needs quotes: "\${NAME}"`
        : "this is not valid YAML here; check quotes, brackets and indentation";
    default:
      return `this is not valid YAML: ${error.message}`;
  }
}

interface Reading {
  readonly text: string;
  readonly env: Environment;
  readonly places: Places;
  readonly references: Map<string, string>;
  readonly literals: Map<string, string>;
  readonly keys: Map<string, readonly string[]>;
  readonly unreadable: string[];
  readonly problems: (Position & { message: string })[];
  readonly anchors: Map<string, Node>;
  nodes: number;
  isTooLarge: boolean;
}

interface Spot {
  readonly pointer: string;
  readonly keyOffset: number | undefined;
  readonly depth: number;
  /** Where an alias stands, for all that it brings in. */
  readonly aliasOffset: number | undefined;
}

function readDocument(source: {
  readonly text: string;
  readonly contents: Node;
  readonly env: Environment;
  readonly places: Places;
}): YamlSource {
  const { text, contents, env, places } = source;
  const reading: Reading = {
    text,
    env,
    places,
    references: new Map(),
    literals: new Map(),
    keys: new Map(),
    unreadable: [],
    problems: [],
    anchors: new Map(),
    nodes: 0,
    isTooLarge: false,
  };
  const root: Spot = { pointer: "", keyOffset: undefined, depth: 0, aliasOffset: undefined };
  const { references, literals, keys, unreadable, problems } = reading;
  const value = readNode(contents, root, reading);
  return reading.isTooLarge
    ? failed(problems)
    : { value, places, references, literals, keys, unreadable, problems };
}

function readNode(node: Node | null, spot: Spot, reading: Reading): unknown {
  const offset = spot.aliasOffset ?? node?.range?.[0] ?? spot.keyOffset ?? 0;
  reading.places.add(spot.pointer, { key: spot.keyOffset, value: offset });
  checkSize(spot, offset, reading);
  if (node === null || reading.isTooLarge) return null;
  if (isAlias(node)) return readAlias(node.source, { ...spot, aliasOffset: offset }, reading);
  if ("anchor" in node && typeof node.anchor === "string") reading.anchors.set(node.anchor, node);
  if (isMap<Node, Node | null>(node)) return readMap(node.items, spot, reading);
  if (isSeq<Node>(node)) {
    return node.items.map((item, index) =>
      readNode(
        item,
        { ...spot, pointer: pointerTo(spot.pointer, index), keyOffset: undefined, depth: spot.depth + 1 },
        reading,
      ),
    );
  }
  return isScalar(node) ? readScalar(node, { spot, offset }, reading) : null;
}

function checkSize(spot: Spot, offset: number, reading: Reading): void {
  if (reading.isTooLarge) return;
  reading.nodes += 1;
  const isTooDeep = spot.depth > limits.depth;
  if (!isTooDeep && reading.nodes <= limits.nodes) return;
  const message = isTooDeep
    ? `the file is nested too deeply; ${limits.depth} levels are allowed`
    : `the file holds more than ${limits.nodes} values with its aliases followed; make it smaller`;
  reading.problems.push({ ...reading.places.positionAt(offset), message });
  reading.isTooLarge = true;
}

function readAlias(name: string, spot: Spot, reading: Reading): unknown {
  const target = reading.anchors.get(name);
  if (target !== undefined) return readNode(target, { ...spot, depth: spot.depth + 1 }, reading);
  const position = reading.places.positionAt(spot.aliasOffset ?? 0);
  reading.unreadable.push(spot.pointer);
  reading.problems.push({ ...position, message: `nothing above is anchored as \`&${name}\`` });
  return null;
}

function readMap(pairs: readonly Pair<Node, Node | null>[], spot: Spot, reading: Reading): unknown {
  const members: Record<string, unknown> = {};
  const names = new Set<string>();
  for (const { key, value } of pairs) {
    const name = isScalar(key) ? String(key.value) : "";
    const keyOffset = spot.aliasOffset ?? key.range?.[0] ?? 0;
    const position = reading.places.positionAt(keyOffset);
    if (names.has(name)) {
      reading.problems.push({ ...position, message: `\`${name}\` is given twice; keep one of the two` });
    } else if (name === "__proto__") {
      reading.problems.push({ ...position, message: "`__proto__` cannot be a key; choose another name" });
    } else {
      names.add(name);
      const pointer = pointerTo(spot.pointer, name);
      members[name] = readNode(value, { ...spot, pointer, keyOffset, depth: spot.depth + 1 }, reading);
    }
  }
  reading.keys.set(spot.pointer, [...names]);
  return members;
}

function readScalar(
  node: Scalar,
  at: { readonly spot: Spot; readonly offset: number },
  reading: Reading,
): unknown {
  const { spot, offset } = at;
  if (typeof node.value === "number" && !Number.isFinite(node.value)) {
    const position = reading.places.positionAt(offset);
    reading.unreadable.push(spot.pointer);
    reading.problems.push({ ...position, message: `${node.source ?? node.value} is not a finite number` });
    return 0;
  }
  if (typeof node.value !== "string") return node.value;
  const { text, hasReference, problems } = interpolate(node.value, reading.env);
  (hasReference ? reading.references : reading.literals).set(spot.pointer, node.value);
  if (problems.length > 0) reading.unreadable.push(spot.pointer);
  for (const problem of problems) {
    const [start, end] = node.range ?? [offset, offset];
    const inside = reading.text.slice(start, end).indexOf(problem.reference);
    const position = reading.places.positionAt(spot.aliasOffset ?? start + Math.max(0, inside));
    reading.problems.push({ ...position, message: problem.message });
  }
  return text;
}
