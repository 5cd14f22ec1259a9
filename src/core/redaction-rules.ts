import { accounts } from "./redaction-accounts.ts";
import { assignedSecrets } from "./redaction-assignments.ts";
import { contacts } from "./redaction-contacts.ts";
import type { RedactionRule } from "./redaction-matcher.ts";
import { nationalIds } from "./redaction-national-ids.ts";
import { secrets } from "./redaction-secrets.ts";

/**
 * What is looked for, the most telling first. Each rule asks for a character or word that it cannot do without, then
 * looks only there. Patterns start at the beginning of a token (a lookbehind) or have bounded length, so that no text
 * makes them quadratic.
 */
export const redactionRules: readonly RedactionRule[] = [
  ...secrets,
  assignedSecrets,
  ...contacts.filter(({ names }) => names.includes("email")),
  ...accounts,
  nationalIds,
  ...contacts.filter(({ names }) => !names.includes("email")),
];

/** The names of all that can be found, each once. */
export const redactionNames: readonly string[] = [...new Set(redactionRules.flatMap(({ names }) => names))];
