/** Requests written byte by byte, and what holds for every refusal. */
import assert from "node:assert/strict";
import { connect } from "node:net";

/** Stands in what is sent, and must stand nowhere else. */
export const secret = "my-prompt-text";

export interface Answered {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

/** Sends these bytes and reads until the server closes or has answered whole. */
export function sendTo(port: number, ...pieces: readonly (string | Buffer)[]): Promise<Answered> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    const end = () => {
      const [head = "", body = ""] = text.split("\r\n\r\n", 2);
      socket.destroy();
      resolve({ status: Number(text.slice(9, 12)), head: head.toLowerCase(), body });
    };
    socket.setEncoding("utf8");
    socket.on("data", (piece) => {
      text += piece;
      const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? Number.POSITIVE_INFINITY);
      if (Buffer.byteLength(text.slice(text.indexOf("\r\n\r\n") + 4)) >= length) end();
    });
    // A server that refuses early may reset what we are still sending.
    socket.on("error", end);
    socket.on("close", end);
    for (const piece of pieces) socket.write(piece);
  });
}

export interface Sent {
  readonly body?: string | Buffer;
  readonly headers?: readonly string[];
  readonly line?: string;
}

export const usual = ["host: localhost", "content-type: application/json"];
export const line = "POST /v1/chat/completions HTTP/1.1";

export function postTo(
  port: number,
  { body = '{"model":"m","messages":[]}', headers = usual, ...sent }: Sent,
): Promise<Answered> {
  const length = `content-length: ${Buffer.byteLength(body)}`;
  return sendTo(port, `${[sent.line ?? line, ...headers, length].join("\r\n")}\r\n\r\n`, body);
}

/** `status code param`, after the checks that hold for every refusal. */
export function refusal({ status, head, body }: Answered): string {
  const { error } = JSON.parse(body);
  assert.deepEqual(Object.keys(error).sort(), ["code", "message", "param", "type"]);
  assert.match(head, /content-type: application\/json/);
  assert.ok(error.message.length > 10 && !/\bat .*\.ts|node:internal/.test(body));
  assert.ok(!body.includes(secret));
  return `${status} ${error.code} ${error.param}`;
}
