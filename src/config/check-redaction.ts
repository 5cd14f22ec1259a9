import { linearPattern } from "../core/linear-pattern.ts";
import { redactionNames } from "../core/redaction-rules.ts";
import type { Finding } from "./check-shape.ts";
import type { ConfigFile } from "./file-shape.ts";
import { pointerOf } from "./locate.ts";

/** The operator's patterns: that they compile, and what they are called. */
export function checkRedaction({ redaction }: ConfigFile): readonly Finding[] {
  return Object.entries(redaction.patterns).flatMap(([name, { pattern }]) => {
    const findings: Finding[] = [];
    if (redactionNames.includes(name)) {
      const message = `\`${name}\` is a rule that Assay has itself; choose another name`;
      findings.push({ pointer: pointerOf("redaction", "patterns", name), side: "key", message });
    }
    const message = problemOf(pattern);
    if (message !== undefined) {
      findings.push({ pointer: pointerOf("redaction", "patterns", name, "pattern"), side: "value", message });
    }
    return findings;
  });
}

function problemOf(pattern: string): string | undefined {
  try {
    const matchesNothing = linearPattern(pattern).test("");
    return matchesNothing
      ? "the pattern matches the empty text, so everywhere; make it ask for something"
      : undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
