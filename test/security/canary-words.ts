/** What must never leave, one of each sort; put together here, so that no scanner takes it for real. */
export const canaries: Readonly<Record<string, string>> = {
  email: "canary.person@example.com",
  card: "4111111111111111",
  iban: "DE89370400440532013000",
  ssn: "123-45-6789",
  taxId: "RSSMRA85T10A562S",
  phone: "+4915112345678",
  mac: "00:1a:2b:3c:4d:5e",
  key: ["sk-", "proj-Canary0123456789abcdefghijklmnopqrstuvwxyzABCDEF"].join(""),
  token: ["eyJhbGciOiJIUzI1NiJ9", "eyJzdWIiOiJjYW5hcnkifQ", "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P"].join("."),
  password: "Canary-Passw0rd!",
  urlPassword: "canary7731secret",
  // By the operator's own pattern.
  employee: "EMP-004211",
};

export const ownPatterns = `redaction: { patterns: { employee: { pattern: "\\\\bEMP-\\\\d{6}\\\\b" } } }`;

/** All of them in one text, set apart as people set them. */
export const everything = [
  `mail ${canaries.email}, card ${canaries.card}, iban ${canaries.iban}; ssn ${canaries.ssn} ${canaries.taxId}`,
  `call ${canaries.phone} about ${canaries.mac}: "${canaries.key}" (${canaries.token})`,
  `password=${canaries.password} postgres://app:${canaries.urlPassword}@db/x by ${canaries.employee}`,
].join("\n");

/** Those that may stand in a header or a name, without spaces. */
export const words: readonly string[] = ["email", "card", "iban", "taxId", "key", "token", "employee"].map(
  (name) => canaries[name] ?? "",
);

/** Where a canary stands in the text, and what is around it; as it is, and as it looks within JSON or a URL. */
export function leaksIn(text: string): readonly string[] {
  return Object.entries(canaries).flatMap(([name, canary]) => {
    const spellings = [canary, encodeURIComponent(canary), canary.replace("@", "\\u0040")];
    const at = Math.max(...spellings.map((spelling) => text.indexOf(spelling)));
    return at === -1 ? [] : [`${name}: …${text.slice(Math.max(0, at - 160), at + 60)}…`];
  });
}
