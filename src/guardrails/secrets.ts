import { ruleCheck } from "./rule-check.ts";

/** Rules about secrets, and the characters of their longest values. */
export const secretTypes: Readonly<Record<string, number>> = {
  // RSA of 4,096 bits has 3,272 in PEM.
  private_key: 4_096,
  jwt: 2_048,
  api_key: 512,
  // A scheme and redaction's 512.
  bearer_token: 544,
  // A field's name, what stands between, and redaction's 256; 512 of a secret.
  password: 352,
  secret: 608,
};

export const secrets = ruleCheck(
  "Secrets by their form: keys of APIs, tokens, passwords, private keys. A stream is held back by the longest kind: 4,096 characters with `private_key`, 2,048 with `jwt`, 608 without both.",
  secretTypes,
);
