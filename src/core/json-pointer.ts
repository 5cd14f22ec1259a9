/** JSON Pointers (RFC 6901) into parsed values. */

/** The value at a pointer; undefined where there is none. */
export function valueAt(value: unknown, pointer: string): unknown {
  let found = value;
  for (const segment of segmentsOf(pointer)) {
    if (typeof found !== "object" || found === null || !Object.hasOwn(found, segment)) return undefined;
    found = Reflect.get(found, segment);
  }
  return found;
}

/** A pointer as OpenAI writes the path of a parameter, such as `flowers[0].petal_length`. */
export function parameterPath(value: unknown, pointer: string): string {
  let path = "";
  let holder = value;
  for (const segment of segmentsOf(pointer)) {
    path += Array.isArray(holder) ? `[${segment}]` : memberOf(segment, path === "");
    holder = valueAt(holder, `/${escaped(segment)}`);
  }
  return path;
}

const maxNameLength = 64;

function memberOf(name: string, isFirst: boolean): string {
  if (/^[A-Za-z_$][\w$-]{0,63}$/.test(name)) return isFirst ? name : `.${name}`;
  return `[${JSON.stringify(name.slice(0, maxNameLength))}]`;
}

function segmentsOf(pointer: string): readonly string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function escaped(segment: string): string {
  return segment.replaceAll("~", "~0").replaceAll("/", "~1");
}
