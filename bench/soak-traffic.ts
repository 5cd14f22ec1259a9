/** The traffic of a soak: chats of every kind at a rate of their own, each checked, and every surprise kept. */
import { Agent, type IncomingMessage, request } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

export interface Tally {
  /** Chats that were answered, hang-ups among them: each must have a record. */
  answered: number;
  /** At the door, which leaves no record; at half load nobody should be. */
  refused: number;
  readonly byKind: Record<string, number>;
  outcomes: number;
  /** Errors that no fault explains. */
  unexplained: number;
  /** The first of them. */
  readonly surprises: string[];
  inFlight: number;
}

interface Kind {
  readonly name: string;
  /** Of all chats. */
  readonly share: number;
  readonly send: (traffic: Traffic) => Promise<void>;
}

/** Some are repeated below by their answers, some by their silence; all of them before or in the answer of one attempt. */
const faults = [
  "reset",
  "server_error;status=500",
  "rate_limited;ms=100",
  "cut;after=3",
  "stall;after=3",
  "clean_end_without_finish;after=3",
  "missing_done",
  "error_in_200;after=2",
  "malformed_chunk",
  "gzip",
  "truncated_json;length=yes",
  "invalid_json_body",
  "refusal",
  "length",
];

const kinds: readonly Kind[] = [
  { name: "plain", share: 0.55, send: (traffic) => traffic.whole({ words: "short" }) },
  { name: "streamed", share: 0.25, send: (traffic) => traffic.streamed() },
  { name: "large", share: 0.03, send: (traffic) => traffic.whole({ words: "long" }) },
  { name: "faulty", share: 0.1, send: (traffic) => traffic.faulty() },
  { name: "hung up", share: 0.05, send: (traffic) => traffic.hungUp() },
  { name: "slow reader", share: 0.02, send: (traffic) => traffic.slowlyRead() },
];

const question = "The lamp flickers when it is dimmed below a third. What can I do? ";

export class Traffic {
  readonly tally: Tally = {
    answered: 0,
    refused: 0,
    byKind: {},
    outcomes: 0,
    unexplained: 0,
    surprises: [],
    inFlight: 0,
  };
  readonly #port: number;
  readonly #random: () => number;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 512 });

  constructor(port: number, random: () => number) {
    this.#port = port;
    this.#random = random;
  }

  /** One chat after another, of any kind but those that wait, until told; gives how many a second were answered. */
  async capacity(connections: number, ms: number): Promise<number> {
    const until = performance.now() + ms;
    const before = this.tally.answered;
    const worker = async () => {
      while (performance.now() < until) await this.#one(kinds[this.#random() < 0.7 ? 0 : 1]);
    };
    await Promise.all(Array.from({ length: connections }, worker));
    return ((this.tally.answered - before) / ms) * 1000;
  }

  /** Poisson arrivals, whatever comes back. Resolves when the last has been answered. */
  async flow(perSecond: number, ms: number): Promise<void> {
    const until = performance.now() + ms;
    let dueAt = performance.now();
    while (dueAt < until) {
      dueAt += (-Math.log(1 - this.#random()) / perSecond) * 1000;
      const waitMs = dueAt - performance.now();
      if (waitMs > 1) await delay(waitMs);
      void this.#one(this.#anyKind());
    }
    while (this.tally.inFlight > 0) await delay(50);
  }

  async whole({ words }: { words: "short" | "long" }): Promise<void> {
    const response = await this.#chat(question.repeat(words === "short" ? 10 : 3000), false);
    const text = await textOf(response);
    if (response.statusCode !== 200 || !text.includes('"finish_reason"'))
      this.#surprise("whole", response, text);
    else if (this.#random() < 0.1) await this.#outcome(String(response.headers["x-request-id"]));
  }

  async streamed(): Promise<void> {
    const response = await this.#chat(question, true);
    const text = await textOf(response);
    if (response.statusCode !== 200 || !text.endsWith("data: [DONE]\n\n"))
      this.#surprise("streamed", response, text);
  }

  /** Whatever a fault brings is explained by it, but for what we would be to blame for. */
  async faulty(): Promise<void> {
    const fault = faults[Math.floor(this.#random() * faults.length)];
    const response = await this.#chat(`${question}[[fault:${fault}]]`, this.#random() < 0.5);
    const text = await textOf(response);
    if (/"(internal_error|overloaded|shutting_down|store_unavailable)"/.test(text))
      this.#surprise(`fault ${fault}`, response, text);
  }

  async hungUp(): Promise<void> {
    const response = await this.#chat(question, true);
    response.once("data", () => response.destroy());
    await new Promise((resolve) => response.once("close", resolve));
  }

  async slowlyRead(): Promise<void> {
    const response = await this.#chat(question, true);
    await delay(1000 + this.#random() * 4000);
    const text = await textOf(response);
    if (!text.endsWith("data: [DONE]\n\n")) this.#surprise("slow reader", response, text);
  }

  #anyKind(): Kind | undefined {
    let left = this.#random();
    return kinds.find(({ share }) => {
      left -= share;
      return left < 0;
    });
  }

  async #one(kind: Kind | undefined): Promise<void> {
    if (kind === undefined) return;
    this.tally.inFlight += 1;
    this.tally.byKind[kind.name] = (this.tally.byKind[kind.name] ?? 0) + 1;
    try {
      await kind.send(this);
    } catch (error) {
      this.#note(`${kind.name}: ${String(error)}`);
    } finally {
      this.tally.inFlight -= 1;
    }
  }

  async #chat(content: string, stream: boolean): Promise<IncomingMessage> {
    const user = `user-${Math.floor(this.#random() * 10_000)}`;
    const body = { model: "experiment/soak", user, stream, messages: [{ role: "user", content }] };
    const response = await this.#post("/v1/chat/completions", body);
    // The door refuses before there is a trace.
    if (response.headers["x-trace-id"] === undefined) this.tally.refused += 1;
    else this.tally.answered += 1;
    return response;
  }

  async #outcome(requestId: string): Promise<void> {
    const body = { request_id: requestId, metric: "resolved", value: this.#random() < 0.5 };
    const response = await this.#post("/v1/outcomes", body);
    const text = await textOf(response);
    if (response.statusCode === 202) this.tally.outcomes += 1;
    else this.#surprise("outcome", response, text);
  }

  #post(path: string, body: object): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const bytes = Buffer.from(JSON.stringify(body));
    const sent = request(
      {
        port: this.#port,
        host: "127.0.0.1",
        path,
        method: "POST",
        agent: this.#agent,
        headers: { "content-type": "application/json", "content-length": bytes.length },
      },
      resolve,
    );
    sent.setTimeout(60_000, () => sent.destroy(new Error("a minute of silence")));
    sent.on("error", reject);
    sent.end(bytes);
    return promise;
  }

  #surprise(what: string, { statusCode }: IncomingMessage, text: string): void {
    this.#note(`${what}: ${statusCode} ${text.slice(-300)}`);
  }

  #note(surprise: string): void {
    this.tally.unexplained += 1;
    if (this.tally.surprises.length < 10) this.tally.surprises.push(surprise);
  }
}

async function textOf(response: IncomingMessage): Promise<string> {
  response.setEncoding("utf8");
  let text = "";
  try {
    for await (const piece of response) text += piece;
  } catch {
    // A cut answer is judged by what came of it.
  }
  return text;
}
