import { ruleCheck } from "./rule-check.ts";

/** Rules about secrets, and how much of a stream must be held back for each: words are held back whole anyway. */
export const secretTypes: Readonly<Record<string, number>> = {
  // Its first line: from there on a key is found although its end is missing, and what is found is held back.
  private_key: 128,
  jwt: 64,
  api_key: 64,
  bearer_token: 96,
  // A field's name, what stands between, and redaction's 256, which may hold spaces.
  password: 352,
  secret: 160,
};

export const secrets = ruleCheck(
  "Secrets by their form: keys of APIs, tokens, passwords, private keys. A stream is held back by at most 352 characters.",
  secretTypes,
);
