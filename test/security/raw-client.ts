/** A client below HTTP: bytes out, and the answers that came back, read by rules of its own. */
import { connect, type Socket } from "node:net";

export interface RawAnswer {
  readonly status: number;
  readonly head: string;
  readonly body: string;
}

export interface RawExchange {
  /** Interim ones (1xx) are left out. */
  readonly answers: readonly RawAnswer[];
  /** What followed the last whole answer. */
  readonly rest: string;
}

/**
 * Writes the bytes and reads until the server closes, or until `enough` answers are whole; then asks for `/healthz`, with
 * which the connection ends: a server that had read the bytes otherwise than we meant them would not answer that.
 */
export function exchange(port: number, bytes: string | Buffer, enough: number): Promise<RawExchange> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let text = "";
    let isProbed = false;
    socket.setEncoding("latin1");
    socket.on("data", (piece) => {
      text += piece;
      if (isProbed || readAnswers(text).answers.length < enough) return;
      isProbed = true;
      socket.write(probe);
    });
    // A server that refuses early may reset what we are still sending; what it said has been read before.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(readAnswers(text)));
    write(socket, bytes);
  });
}

const probe = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

function write(socket: Socket, bytes: string | Buffer): void {
  socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
}

/** One character for each byte. */
export function readAnswers(text: string): RawExchange {
  const answers: RawAnswer[] = [];
  let rest = text;
  for (let one = readAnswer(rest); one !== undefined; one = readAnswer(rest)) {
    rest = rest.slice(one.length);
    if (one.answer.status >= 200) answers.push(one.answer);
  }
  return { answers, rest };
}

function readAnswer(text: string): { readonly answer: RawAnswer; readonly length: number } | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  const [, digits] = /^HTTP\/1\.1 (\d{3}) [^\r\n]*\r\n/.exec(text) ?? [];
  if (headEnd === -1 || digits === undefined) return undefined;
  const head = text.slice(0, headEnd).toLowerCase();
  const start = headEnd + 4;
  const status = Number(digits);
  if (status < 200 || status === 204) return { answer: { status, head, body: "" }, length: start };
  if (/\r\ntransfer-encoding: chunked(\r\n|$)/.test(head)) {
    const end = text.indexOf("\r\n0\r\n\r\n", start - 2);
    return end === -1
      ? undefined
      : { answer: { status, head, body: text.slice(start, end) }, length: end + 7 };
  }
  const length = Number(/\r\ncontent-length: (\d+)/.exec(head)?.[1]);
  if (!(text.length >= start + length)) return undefined;
  return { answer: { status, head, body: text.slice(start, start + length) }, length: start + length };
}
