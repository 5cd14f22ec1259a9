import type { IncomingMessage } from "node:http";
import { Failure } from "../domain/failure.ts";

const bodyMs = 30_000;

/** The whole body, at most `maxBytes` of it. Throws `request_too_large`, `unsupported_media_type`, `request_timeout`, `client_cancelled`. */
export function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  refuseMediaType(request);
  const tooLarge = () =>
    new Failure(
      "request_too_large",
      `The body is longer than ${maxBytes} bytes, which is server.limits.body_bytes.`,
    );
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let length = 0;
    // Of a refused body nothing is kept: a paused request is not closed before its client hangs up.
    const refuse = (failure: Failure) => {
      clearTimeout(timer);
      chunks.length = 0;
      reject(failure);
    };
    const slow = () =>
      refuse(new Failure("request_timeout", `The body did not arrive within ${bodyMs / 1000} s.`));
    const timer = setTimeout(slow, bodyMs);
    request.on("data", (chunk: Buffer) => {
      length += chunk.length;
      if (length > maxBytes) {
        request.pause();
        refuse(tooLarge());
        return;
      }
      chunks.push(chunk);
    });
    request.on("close", () => clearTimeout(timer));
    request.on("end", () => {
      clearTimeout(timer);
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks));
    });
    const hungUp = () =>
      refuse(new Failure("client_cancelled", "The client closed the connection before its body ended."));
    request.on("error", hungUp);
    request.on("aborted", hungUp);
  });
}

function refuseMediaType({ headers }: IncomingMessage): void {
  const encoding = headers["content-encoding"];
  if (encoding !== undefined && encoding !== "identity") {
    throw new Failure(
      "unsupported_media_type",
      `Send the body without content-encoding; it was "${encoding}".`,
    );
  }
  const type = headers["content-type"];
  if (type !== undefined && /^application\/(?:[\w.+-]+\+)?json\s*(;|$)/i.test(type)) return;
  const found = type === undefined ? "there was none" : `it was "${type}"`;
  throw new Failure("unsupported_media_type", `Send the body as content-type: application/json; ${found}.`);
}
