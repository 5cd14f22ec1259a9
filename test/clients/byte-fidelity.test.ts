import assert from "node:assert/strict";
import { request } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import { startTestApp } from "../support/app.ts";
import {
  chunkOf,
  lastChunk,
  startHostileUpstream,
  streamHead,
  wholeAnswer,
} from "../support/hostile-upstream.ts";
import { lastText, type Proxied, plainConfig, startProxied } from "./proxied.ts";

const userMessage = '[{"role":"user","content":"Hi"}]';

/** Bodies that a parser and a printer would not give back as they were. */
const oddBodies: readonly { readonly name: string; readonly body: string }[] = [
  { name: "white space", body: `\r\n\t { "messages" :\n${userMessage}\t,\r"model" : "m"\n} \n` },
  {
    name: "numbers beyond doubles",
    body: `{"model":"m","seed":123456789012345678901234567890,"x":[1e999,-0,1.0,1E+2,0.1000000000000000055],"messages":${userMessage}}`,
  },
  {
    name: "escapes that need not be",
    body: String.raw`{"mod\u0065l":"m","messages":[{"role":"\u0075ser","content":"\/ \ud83c\udf88 \u00fc ü \u2028 \u0000"}]}`,
  },
  {
    name: "a surrogate without its pair",
    body: String.raw`{"model":"m","messages":[{"role":"user","content":"\ud83c"}]}`,
  },
  {
    name: "keys that sort otherwise and keys of prototypes",
    body: `{"10":1,"2":2,"__proto__":{"a":1},"constructor":null,"model":"m","messages":${userMessage},"1":0}`,
  },
  {
    name: "a member twice inside a message",
    body: '{"model":"m","messages":[{"role":"user","content":"a","content":"Hi"}]}',
  },
  {
    name: "a stream whose usage the client asks for",
    body: `{"stream":true, "stream_options":{"include_usage":true ,"include_obfuscation":false},"model":"m","messages":${userMessage}}`,
  },
  {
    name: "a stream whose usage the client declines",
    body: `{"stream":true,"stream_options":{ "include_usage":false},"model":"m","messages":${userMessage}}`,
  },
];

describe("the bytes that the upstream gets", () => {
  let proxied: Proxied;
  before(async () => {
    proxied = await startProxied({
      experiment: `    allow_pins: true
  warm:
    variants:
      control: { weight: 1, model: model-w, parameters: { temperature: 0.25 } }`,
    });
  });
  after(() => proxied.close());

  const sent = async (body: string): Promise<string> => {
    const response = await proxied.app.chat(body);
    const answer = await response.text();
    assert.equal(response.status, 200, answer);
    return lastText(proxied.upstream);
  };

  for (const { name, body } of oddBodies) {
    test(`are the client's own where nothing had to change: ${name}`, async () => {
      assert.equal(await sent(body), body);
    });
  }

  test("are the client's own whatever the body is like", async () => {
    await fc.assert(
      fc.asyncProperty(bodies, async (write) => {
        const body = write('"m"');
        assert.equal(await sent(body), body);
      }),
      { numRuns: 60 },
    );
  });

  test("differ in the model alone when an experiment names another", async () => {
    await fc.assert(
      fc.asyncProperty(bodies, async (write) => {
        assert.equal(await sent(write('"experiment/tone@candidate"')), write('"model-b"'));
      }),
      { numRuns: 60 },
    );
  });

  test("gain the question for usage, and nothing else, in a stream that leaves it open", async () => {
    for (const body of [
      `{ "model":"m" ,"stream":true,\n"messages":${userMessage} }`,
      `{"stream_options":null,"model":"m","stream":true,"messages":${userMessage}}`,
    ]) {
      const got = await sent(body);
      const asked = '"stream_options":{"include_usage":true}';
      const withoutQuestion = body.includes("null")
        ? got.replace(asked, '"stream_options":null')
        : got.replace(`,${asked}`, "");
      assert.notEqual(got, body);
      assert.equal(withoutQuestion, body);
    }
  });

  test("keep the other options of the stream beside the question for usage", async () => {
    const got = await sent(
      `{"model":"m","stream":true,"messages":${userMessage},"stream_options":{"include_obfuscation":false}}`,
    );
    assert.deepEqual(JSON.parse(got).stream_options, { include_obfuscation: false, include_usage: true });
  });

  test("differ in what a variant sets, in its place", async () => {
    const before = `{"model":"experiment/warm", "temperature" : 1.50,"top_p":1.0,"messages":${userMessage}}`;
    const after = `{"model":"model-w", "temperature" : 0.25,"top_p":1.0,"messages":${userMessage}}`;
    assert.equal(await sent(before), after);
  });

  test("are put together from chunks that split a character", async () => {
    const body = Buffer.from('{"model":"m","messages":[{"role":"user","content":"日本語 🎈 ü"}]}');
    const answered = new Promise<string>((resolve, reject) => {
      const headers = { "content-type": "application/json", "transfer-encoding": "chunked" };
      const posted = request(`${proxied.app.url}/chat/completions`, { method: "POST", headers });
      posted.on("response", (response) => resolve(text(response)));
      posted.on("error", reject);
      for (const byte of body) posted.write(Buffer.of(byte));
      posted.end();
    });
    assert.match(await answered, /"chat.completion"/);
    assert.equal(lastText(proxied.upstream), body.toString());
  });
});

describe("the bytes that the client gets", () => {
  const odd = String.raw`"id":"\u0063", "created" :1.0,"x":12345678901234567890`;

  test("are the upstream's own when the answer is whole", async () => {
    const answer = `{${odd},"choices":[ {"index":0,"finish_reason":"stop","message":{"content":"Hi"}}]}\n`;
    assert.equal(await answered(wholeAnswer(answer), { model: "m", messages: [] }), answer);
  });

  test("are the upstream's own when it streams, comments and line ends included", async () => {
    const chunk = (choice: string) => `{${odd},"choices":[ {"index":0,${choice}}]}`;
    const events = [
      ": a comment\n\n",
      `data: ${chunk('"delta":{"role":"assistant"}')}\n\n`,
      `event: message\r\ndata:${chunk('"delta":{"content":"H\\u0069"}')}\r\n\r\n`,
      `id: 7\ndata: ${chunk('"delta":{},"finish_reason":"stop"')}\n\n`,
      `data: {${odd},"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\n\n`,
      "data: [DONE]\n\n",
    ];
    const body = { model: "m", messages: [], stream: true, stream_options: { include_usage: true } };
    const stream = streamHead + events.map(chunkOf).join("") + lastChunk;
    assert.equal(await answered(stream, body), events.join(""));
    // The usage that only we asked for is taken out again.
    const hidden = { ...body, stream_options: undefined };
    assert.equal(await answered(stream, hidden), events.filter((event) => !event.includes("usage")).join(""));
  });
});

/** What a client of the proxy reads when the upstream writes this. */
async function answered(written: string, body: unknown): Promise<string> {
  const upstream = await startHostileUpstream((socket) => socket.write(written));
  const app = await startTestApp({ config: plainConfig(upstream.url) });
  try {
    return await (await app.chat(body)).text();
  } finally {
    await app.close();
    await upstream.close();
  }
}

/** Writes a body around a model: members in any order, values of any kind, white space wherever it may be. */
const space = fc.string({ unit: fc.constantFrom(" ", "\n", "\t", "\r"), maxLength: 3 });
const key = fc.string({ unit: "grapheme", maxLength: 8 }).map((name) => JSON.stringify(`x_${name}`));
const extra = fc.tuple(key, fc.json({ maxDepth: 3 }));
const bodies = fc
  .record({
    extras: fc.uniqueArray(extra, { maxLength: 5, selector: ([name]) => name }),
    spaces: fc.tuple(space, space, space, space),
    modelAt: fc.nat({ max: 5 }),
  })
  .map(({ extras, spaces: [beforeKey, afterKey, beforeValue, afterValue], modelAt }) => (model: string) => {
    const members: [string, string][] = [['"messages"', userMessage], ...extras];
    members.splice(Math.min(modelAt, members.length), 0, ['"model"', model]);
    const written = members.map(
      ([name, value]) => `${beforeKey}${name}${afterKey}:${beforeValue}${value}${afterValue}`,
    );
    return `${afterKey}{${written.join(",")}}${beforeKey}`;
  });
