export type Environment = Readonly<Record<string, string | undefined>>;

export interface Interpolation {
  readonly text: string;
  /** Whether at least one reference was replaced. */
  readonly hasReference: boolean;
  readonly problems: readonly ReferenceProblem[];
}

interface ReferenceProblem {
  /** The reference as it is written, to find its place in the file. */
  readonly reference: string;
  readonly message: string;
}

/**
 * Replaces `${NAME}` and `${NAME:-default}` by values of the environment, and `$$` by `$`. As in a shell, `:-` also
 * stands in for an empty value. What comes from the environment is text: it is not looked at again.
 */
export function interpolate(source: string, env: Environment): Interpolation {
  const problems: ReferenceProblem[] = [];
  let hasReference = false;
  const text = source.replace(referencePattern, (reference: string, inner: string | undefined) => {
    if (reference === "$$") return "$";
    hasReference = true;
    const resolved = resolveReference(reference.endsWith("}") ? (inner ?? "") : "", env);
    if (typeof resolved === "string") return resolved;
    problems.push({ reference, message: resolved.message });
    return "";
  });
  return { text, hasReference, problems };
}

/** Whether the text is nothing but one reference without a default of its own, which is how a secret is written. */
export function isBareReference(source: string): boolean {
  return /^\$\{[A-Za-z_][A-Za-z0-9_]*(:-)?\}$/.test(source);
}

// `$$` first, so that `$${NAME}` stays the literal text `${NAME}`. A reference without its end runs to the end.
const referencePattern = /\$\$|\$\{([^}]*)(?:\}|$)/g;

function resolveReference(inner: string, env: Environment): string | { readonly message: string } {
  const [, name, defaultText] = /^([A-Za-z_][A-Za-z0-9_]*)(?::-([\s\S]*))?$/.exec(inner) ?? [];
  if (name === undefined) {
    return { message: `a reference is \${NAME} or \${NAME:-default}; write $$ for a plain $` };
  }
  if (defaultText?.includes("${")) {
    return { message: `the default of \${${name}} holds another reference, which is not supported` };
  }
  const value = Object.hasOwn(env, name) ? env[name] : undefined;
  if (defaultText !== undefined) return value === undefined || value === "" ? defaultText : value;
  if (value !== undefined) return value;
  return {
    message: `the environment variable ${name} is not set; set it, or give a default: \${${name}:-default}`,
  };
}
