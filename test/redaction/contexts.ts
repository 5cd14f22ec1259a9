import type { Chance } from "./chance.ts";
import type { Kind } from "./values.ts";

/** Where a value stands: `before` and `behind` it. */
type Context = (value: string, words: { readonly label: string; readonly key: string }) => string;

/** Those of even place were looked at while the rules were written; those of odd place only when all was done. */
export const contexts: readonly Context[] = [
  (value, { label }) => `Hello, my ${label}: ${value}. Can you help me with the invoice of last week?`,
  (value, { label }) => `please update our files with ${label}: ${value}, thanks a lot!`,
  (value, { key }) => `{"id":17,"${key}":"${value}","ok":true}`,
  (value, { key }) => `{\n  "user": "u-17",\n  "${key}": "${value}"\n}`,
  (value, { key }) => `2026-01-02T03:04:05.123Z INFO update ${key}=${value} status=200 durationMs=12`,
  (value, { key }) => `[warn] 12:30:45 worker-3 ${key}='${value}' rejected after 3 attempts`,
  (value, { key }) =>
    `GET https://service.invalid/v1/items?page=2&${key}=${value.replaceAll(/(?<=\w)\s(?=\w*\d)/g, "")}&sort=asc HTTP/1.1`,
  (value, { key }) => `id;name;${key};created\n17;Anna;${key}: ${value};2026-01-02`,
  (value, { label }) => `Guten Tag, hier noch die Angaben zu meinem Antrag. ${label}: ${value}. Vielen Dank!`,
  (value, { label }) => `Anbei, wie telefonisch besprochen, ${label}: ${value}\nMit freundlichen Grüßen`,
  (value, { label }) => `Bonjour, voici l'information demandée (${label} : ${value}), merci d'avance.`,
  (value, { label }) => `Suite à votre courrier du 3 mars, ${label}: ${value} ; cordialement`,
  (value, { key }) => `<record><${key}>x</${key}><!-- --></record>\n${key}: ${value}\nnext: 1`,
  (value, { key }) => `export ${key}="${value}" # set on 2026-01-02`,
  (value, { key }) => `{"name":"save","arguments":"{\\"${key}\\":\\"${value}\\"}"}`,
  (value, { key }) => `const config = { retries: 3, ${key}: "${value}", timeoutMs: 500 };`,
];

const bare: readonly Context[] = [
  (value) => value,
  (value) => `seen ${value}; and then again`,
  (value, { label }) => `| ${label} | ${value} |`,
  (value) => `(${value})\n- other`,
  (value, { label }) => `${label} → ${value}\tdone`,
  (value) => `Could it be "${value}"?`,
];

export type Part = "tuned" | "held out";

export function textOf(kind: Kind, value: string, chance: Chance, part: Part): string {
  const all = kind.isNamed === true ? contexts : [...contexts, ...bare];
  const own = all.filter((_, place) => (place % 2 === 0) === (part === "tuned"));
  const context = own[chance.integer(own.length)] ?? ((text: string) => text);
  return context(value, { label: chance.pick(kind.labels), key: chance.pick(kind.keys) });
}
