import { type IncomingHttpHeaders, request } from "node:http";

export interface Heard {
  /** 0 when the connection ended before there was one. */
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** One character for each byte. */
  readonly text: string;
  /** `end`, `enough`, or the code of the error that ended it. */
  readonly ending: string;
}

export interface RawPost {
  readonly url: string;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Hangs up as soon as the text satisfies it. */
  readonly enough?: (text: string) => boolean;
}

/** Posts JSON with no client in between that would mend, retry, follow or inflate. Never rejects. */
export function rawPost({ url, body, headers = {}, enough = () => false }: RawPost): Promise<Heard> {
  return new Promise((resolve) => {
    const sent = request(url, { method: "POST", agent: false, headers });
    sent.on("error", (error: NodeJS.ErrnoException) =>
      resolve({ status: 0, headers: {}, text: "", ending: error.code ?? "error" }),
    );
    sent.on("response", (response) => {
      const { statusCode = 0, headers: heard } = response;
      let text = "";
      const end = (ending: string) => resolve({ status: statusCode, headers: heard, text, ending });
      response.setEncoding("latin1");
      response.on("data", (piece: string) => {
        text += piece;
        if (!enough(text)) return;
        end("enough");
        response.destroy();
      });
      response.on("end", () => end("end"));
      response.on("error", (error: NodeJS.ErrnoException) => end(error.code ?? "error"));
    });
    sent.end(JSON.stringify(body));
  });
}
