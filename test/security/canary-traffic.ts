/** Requests and answers with canaries in every field that a client, a model or an upstream can fill. */
import { type ModelServer, startModelServer } from "../support/model-server.ts";
import { rawPost } from "../support/raw-post.ts";
import { canaries, everything, words } from "./canary-words.ts";

const [email = "", card = "", , , , , employee = ""] = words;

/** A chat upstream that says them back: whole, streamed, and as an error. */
export function startTellingUpstream(): Promise<ModelServer> {
  return startModelServer({ body: "" }).then((server) => {
    server.answer = ({ text }) => {
      const headers = { "x-request-id": email, "openai-organization": everything.replaceAll("\n", " ") };
      if (text.includes('"failing"')) {
        const error = { message: everything, type: email, code: card, param: employee };
        return { status: 400, headers, body: { error } };
      }
      if (!text.includes('"stream":true')) return { headers, body: completion("chat.completion", "message") };
      const chunk = JSON.stringify(completion("chat.completion.chunk", "delta"));
      return {
        headers: { ...headers, "content-type": "text/event-stream" },
        body: `data: ${chunk}\n\ndata: [DONE]\n\n`,
      };
    };
    return server;
  });
}

function completion(object: string, part: "message" | "delta") {
  const call = {
    index: 0,
    id: email,
    type: "function",
    function: { name: employee, arguments: JSON.stringify({ [email]: everything }) },
  };
  const words = { role: "assistant", content: everything, refusal: null, tool_calls: [call] };
  return {
    id: `chatcmpl-${email}`,
    object,
    created: 1,
    model: `gpt-${card}`,
    system_fingerprint: email,
    service_tier: employee,
    choices: [{ index: 0, [part]: words, finish_reason: email }],
    usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2, [email]: 1 },
  };
}

const tools = [
  {
    type: "function",
    function: {
      name: employee,
      description: everything,
      parameters: {
        type: "object",
        title: everything,
        properties: { [email]: { description: everything, enum: [card] } },
      },
    },
  },
];

const rich = {
  messages: [
    { role: "system", content: everything, name: employee },
    {
      role: "user",
      content: [
        { type: "text", text: everything },
        { type: "image_url", image_url: { url: `https://x.io/${email}?k=${canaries.key}` } },
      ],
    },
    {
      role: "assistant",
      content: null,
      tool_calls: [{ id: email, type: "function", function: { name: employee, arguments: everything } }],
    },
    { role: "tool", tool_call_id: email, content: everything },
  ],
  tools,
  tool_choice: { type: "function", function: { name: employee } },
  response_format: {
    type: "json_schema",
    json_schema: {
      name: employee,
      description: everything,
      schema: { type: "object", properties: { [email]: { const: everything } } },
    },
  },
  stop: [email, canaries.key],
  metadata: { [email]: everything, note: everything, password: "x y" },
  user: email,
  safety_identifier: canaries.key,
  prompt_cache_key: card,
  [email]: everything,
};

const headersOf = (word: string) => ({
  "content-type": "application/json",
  ...Object.fromEntries(
    ["user", "session", "rag-index-version", "experiment", "variant", "prompt", "actor"].map((name) => [
      `x-assay-${name}`,
      word,
    ]),
  ),
  "x-assay-prompt-variables": JSON.stringify({ [email]: everything }),
  authorization: `Bearer ${canaries.key}`,
  cookie: `session=${canaries.token}`,
  "user-agent": word,
  "x-request-id": word,
  referer: `https://app:${canaries.urlPassword}@x/?password=${canaries.password}`,
  baggage: `user.id=${word}`,
  traceparent: word,
  tracestate: `a=${word}`,
});

/** Everything that can be asked for, right and wrong. */
export async function sendEverything(url: string): Promise<void> {
  const plain = { "content-type": "application/json" };
  const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = plain) =>
    rawPost({ url: `${url}${path}`, body, headers });
  for (const stream of [false, true]) {
    for (const model of [
      "tone",
      "asks",
      "failing",
      `gpt-${card}`,
      email,
      `experiment/${employee}`,
      `prompt/${email}@${card}`,
    ]) {
      await post("/chat/completions", { ...rich, model, stream });
      await post("/chat/completions", { model, stream, messages: [{ role: "user", content: everything }] });
    }
  }
  for (const word of words) await post("/chat/completions", { ...rich, model: "tone" }, headersOf(word));
  await post("/chat/completions", {
    model: "asks",
    messages: [],
    prompt_variables: { name: everything, [email]: 1 },
  });
  for (const wrong of [
    { model: 1 },
    { messages: everything },
    { temperature: everything },
    { stream: email },
  ])
    await post("/chat/completions", { model: "tone", messages: [], ...wrong });
  await post("/predict/churn", { age: 42, [email]: everything, card });
  await post("/predict/churn", { age: everything });
  await post(`/predict/${employee}`, { age: 42 });
  await post("/embeddings", { model: email, input: everything });
  for (const path of [`/files/${email}?key=${canaries.key}`, `/${encodeURIComponent(email)}`, `/${employee}`])
    await post(path, {});
  const outcome = { unit: email, metric: "stars", value: 1, comment: everything };
  for (const change of [
    { idempotency_key: canaries.key },
    { session: card },
    { metric: "label", value: undefined, label: everything },
    { metric: "kind", value: card },
    { metric: email },
    { request_id: canaries.key },
    { value: everything },
    { [email]: everything },
  ])
    await post("/outcomes", { ...outcome, ...change });
}
