import type { IncomingMessage } from "node:http";
import { Failure } from "../domain/failure.ts";

/**
 * What node lets through although those behind or before us may read it otherwise; undefined for a request in order. After
 * one that is not, the connection must end: where its next request begins is in doubt (RFC 9112, 6.1 and 11.2).
 */
export function requestFault({ httpVersion, headers }: IncomingMessage): Failure | undefined {
  if (httpVersion !== "1.1" && httpVersion !== "1.0")
    return fault(`This is not a request of HTTP/1.1, but of HTTP/${httpVersion}.`);
  const coding = headers["transfer-encoding"];
  if (coding !== undefined && httpVersion === "1.0")
    return fault("HTTP/1.0 has no transfer-encoding; send a content-length, or HTTP/1.1.");
  if (coding !== undefined && coding.toLowerCase() !== "chunked")
    return fault("The only transfer-encoding that is taken is chunked; send the body as it is.");
  if (headers.host === undefined && httpVersion === "1.1")
    return fault("The request has no Host header; send one.");
  return undefined;
}

/** A request with such an `expect` cannot be served; 100-continue is node's own matter. */
export function expectationFault(): Failure {
  return fault("The only expectation that is met is 100-continue; leave the expect header out.");
}

function fault(message: string): Failure {
  return new Failure("invalid_header", message);
}
