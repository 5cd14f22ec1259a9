import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { Failure, type FailureCode } from "../../src/domain/failure.ts";
import { connectionFailure, statusFailure, statusOfError } from "../../src/upstreams/failures.ts";

const withCode = (code: string) => Object.assign(new Error("x"), { code });

describe("connectionFailure", () => {
  test("names what went wrong by the socket's code, wherever it is kept", () => {
    const cases: readonly (readonly [unknown, FailureCode])[] = [
      [withCode("ECONNREFUSED"), "upstream_connect_failed"],
      [withCode("EHOSTUNREACH"), "upstream_connect_failed"],
      [withCode("ENOTFOUND"), "upstream_dns_failed"],
      [withCode("EAI_AGAIN"), "upstream_dns_failed"],
      [withCode("UND_ERR_CONNECT_TIMEOUT"), "upstream_connect_timeout"],
      [withCode("ETIMEDOUT"), "upstream_connect_timeout"],
      [withCode("DEPTH_ZERO_SELF_SIGNED_CERT"), "upstream_tls_failed"],
      [withCode("CERT_HAS_EXPIRED"), "upstream_tls_failed"],
      [withCode("ERR_TLS_CERT_ALTNAME_INVALID"), "upstream_tls_failed"],
      [withCode("UNABLE_TO_VERIFY_LEAF_SIGNATURE"), "upstream_tls_failed"],
      [withCode("ERR_SSL_WRONG_VERSION_NUMBER"), "upstream_tls_failed"],
      [new AggregateError([withCode("ECONNREFUSED")]), "upstream_connect_failed"],
      [new Error("x", { cause: withCode("ENOTFOUND") }), "upstream_dns_failed"],
      [new Error("x"), "upstream_connect_failed"],
    ];
    for (const [error, code] of cases) {
      const failure = connectionFailure(error, "test", false);
      assert.deepEqual([failure.code, failure.cause], [code, error]);
      assert.equal(failure.details.maybeDuplicate, false);
      assert.match(failure.message, /"test"/);
    }
  });

  test("cannot know what became of a request that was sent", () => {
    for (const error of [withCode("ECONNRESET"), withCode("UND_ERR_SOCKET"), withCode("EPIPE")]) {
      const failure = connectionFailure(error, "test", true);
      assert.deepEqual([failure.code, failure.details.maybeDuplicate], ["upstream_reset", true]);
    }
  });

  test("tells an answer that is no HTTP from a connection that broke", () => {
    const parser = Object.assign(new Error("x"), { name: "HTTPParserError" });
    for (const error of [withCode("HPE_INVALID_CONSTANT"), parser]) {
      assert.equal(connectionFailure(error, "test", true).code, "upstream_malformed_response");
    }
    const long = connectionFailure(withCode("UND_ERR_HEADERS_OVERFLOW"), "test", true);
    assert.equal(long.code, "upstream_response_too_large");
  });

  test("passes a failure on as it is", () => {
    const failure = new Failure("client_cancelled", "gone");
    assert.equal(connectionFailure(failure, "test", true), failure);
  });
});

describe("statusFailure", () => {
  const fail = (status: number, error: object = {}, headers: Record<string, string> = {}) =>
    statusFailure({
      upstream: "test",
      status,
      headers,
      bytes: Buffer.from(JSON.stringify({ error })),
      now: 0,
    });

  test("names each status", () => {
    const cases: readonly (readonly [number, object, FailureCode])[] = [
      [301, {}, "upstream_redirected"],
      [307, {}, "upstream_redirected"],
      [400, {}, "upstream_rejected"],
      [401, {}, "upstream_unauthorized"],
      [403, {}, "upstream_unauthorized"],
      [404, {}, "upstream_model_not_found"],
      [408, {}, "upstream_error"],
      [409, {}, "upstream_error"],
      [422, {}, "upstream_rejected"],
      [425, {}, "upstream_error"],
      [429, {}, "upstream_rate_limited"],
      [429, { code: "insufficient_quota" }, "upstream_quota_exhausted"],
      [429, { type: "insufficient_quota" }, "upstream_quota_exhausted"],
      [500, {}, "upstream_error"],
      [599, {}, "upstream_error"],
    ];
    for (const [status, error, code] of cases) assert.equal(fail(status, error).code, code);
  });

  test("keeps the upstream's own words, unless they are about our key or lead elsewhere", () => {
    assert.equal(fail(500, { message: "boom" }).details.upstreamAnswer?.status, 500);
    assert.match(fail(500, { message: "boom" }).message, /answered 500: boom/);
    for (const status of [401, 403, 302]) {
      const failure = fail(status, { message: "key sk-123 is wrong" });
      assert.equal(failure.details.upstreamAnswer, undefined);
      assert.ok(!failure.message.includes("sk-123"));
      assert.equal(failure.status, 502);
    }
  });

  test("reads when to come back", () => {
    assert.equal(fail(429, {}, { "retry-after-ms": "7" }).details.retryAfterMs, 7);
    assert.equal(fail(429).details.retryAfterMs, undefined);
  });
});

describe("statusOfError", () => {
  test("finds the status that an error inside a 200 stands for", () => {
    const cases: readonly (readonly [Record<string, unknown>, number])[] = [
      [{}, 500],
      [{ status: 503 }, 503],
      [{ code: 429 }, 429],
      [{ code: "404" }, 404],
      [{ status_code: 400 }, 400],
      [{ code: 200 }, 500],
      [{ code: "insufficient_quota" }, 429],
      [{ type: "rate_limit_error" }, 429],
      [{ type: "invalid_request_error", code: "x" }, 400],
    ];
    for (const [error, status] of cases) assert.equal(statusOfError(error), status);
  });
});
