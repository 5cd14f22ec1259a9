import assert from "node:assert/strict";
import type { IncomingMessage } from "node:http";
import { parseBaggage } from "../../src/core/baggage.ts";
import { headerText } from "../../src/core/header-text.ts";
import { isForbidden, isLoopbackName, networkKind } from "../../src/core/network-address.ts";
import { promptVariables } from "../../src/core/prompt.ts";
import { retryAfterMs } from "../../src/core/retry-after.ts";
import { formatTraceparent, parseTraceparent } from "../../src/core/traceparent.ts";
import { Failure } from "../../src/domain/failure.ts";
import type { PromptFile } from "../../src/domain/prompt.ts";
import { checkHost } from "../../src/http/gate.ts";
import type { FuzzTarget } from "./target.ts";

const prompt: PromptFile = {
  name: "p",
  version: "v1",
  hash: "",
  description: "",
  combine: "prepend",
  variables: { type: "object", properties: { name: { type: "string" } } },
  modelHints: [],
  blocks: [],
};
const known = new Set(["localhost", "127.0.0.1", "[::1]", "assay.test"]);

/** Every header that is read: each value is understood or left, and none gives what it must not. */
export function createHeadersTarget(): FuzzTarget {
  return {
    words: [
      "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
      "user.id=",
      "%41",
      "%ff",
      ",",
      ";",
      "=",
      "localhost",
      "assay.test",
      ":8484",
      "[::1]",
      "::ffff:",
      "127.0.0.1",
      "169.254.169.254",
      "6m0s",
      "20ms",
      "999999999999999999999999",
      "Wed, 21 Oct 2026 07:28:00 GMT",
      '{"name":"x"}',
    ],
    check(input) {
      // As node gives them: Latin-1, without line ends.
      const value = input.toString("latin1").replace(/[\r\n\0]/g, " ");
      const told = [
        checkTrace(value),
        checkBaggage(value),
        checkRetry(value),
        checkHosts(value),
        checkVariables(value),
        checkNetwork(value),
      ];
      assert.equal(typeof headerText(value), "string");
      return told.join();
    },
  };
}

function checkTrace(value: string): string {
  const parent = parseTraceparent(value);
  if (parent === undefined) return "-";
  assert.match(formatTraceparent(parent), /^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$/);
  return "trace";
}

function checkBaggage(value: string): string {
  const members = parseBaggage(value);
  assert.ok(members.size <= 64);
  for (const key of members.keys()) assert.match(key, /^[!-~]+$/);
  return String(Math.min(members.size, 3));
}

function checkRetry(value: string): string {
  let told = "-";
  for (const name of ["retry-after", "retry-after-ms"]) {
    const wait = retryAfterMs({ [name]: value }, 0);
    if (wait === undefined) continue;
    assert.ok(Number.isFinite(wait) && wait >= 0, `${name} gives ${wait}`);
    told = name;
  }
  const resets = { "x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": value };
  const wait = retryAfterMs(resets, 0) ?? 0;
  assert.ok(Number.isFinite(wait) && wait >= 0, `a reset gives ${wait}`);
  return told;
}

function checkHosts(value: string): string {
  const request = {
    url: "/v1/models",
    rawHeaders: [],
    headers: { host: value },
  } as unknown as IncomingMessage;
  try {
    checkHost(request, { allowedHosts: ["assay.test"], corsOrigins: [] });
  } catch (thrown) {
    if (thrown instanceof Failure) return "foreign";
    throw thrown;
  }
  assert.ok(known.has(value.replace(/:\d+$/, "").toLowerCase()), `the host ${JSON.stringify(value)} got in`);
  return "host";
}

function checkVariables(value: string): string {
  try {
    const variables = promptVariables(prompt, { metadata: {}, header: value });
    assert.equal(Object.getPrototypeOf(variables), Object.prototype);
    return "variables";
  } catch (thrown) {
    if (thrown instanceof Failure) return thrown.code;
    throw thrown;
  }
}

/** An address is read as URLs read it, or not at all. */
function checkNetwork(value: string): string {
  const kind = networkKind(value);
  const url = `http://${value}/`;
  if (kind === undefined || !URL.canParse(url)) return "name";
  const { hostname } = new URL(url);
  assert.ok(!isLoopbackName(hostname));
  if (/^[\d.]+$|^\[/.test(hostname) && !/[/?#@\\]/.test(value)) assert.equal(networkKind(hostname), kind);
  return `${kind} ${isForbidden(kind)}`;
}
