import type { App } from "../app.ts";
import { urlHost } from "./server-address.ts";

const usualAdminPort = 8485;

/** What a newcomer needs first: where it is, a request to try, the change to their code, the way out. */
export function welcome(app: App): string {
  const base = `http://${urlHost(app.host)}:${app.port}/v1`;
  const admin = `http://${urlHost(app.adminHost)}:${app.adminPort}`;
  const experiments = Object.values(app.revision().config.experiments);
  const chat = experiments.find(({ predict }) => predict === undefined);
  const [first] = experiments;
  const id = (chat ?? first)?.id;
  const killed = app.killed();
  // Commands ask the usual port unless they are told.
  const at = app.adminPort === usualAdminPort ? "" : ` --admin ${admin}`;
  const asks = app.revision().config.auth.mode === "keys";
  return `
Assay serves ${base}   admin ${admin}   revision ${app.revision().id}${app.workers === 1 ? "" : `   workers ${app.workers}`}
${app.scripted === undefined ? "" : `\nNo OPENAI_API_KEY: a scripted upstream at ${app.scripted.url} plays the model. Set the key to talk to the real one.\n`}${killed.length === 0 ? "" : `\nKILL SWITCH ON: ${killed.join(", ")}; units are served by the control.\n`}
${authText(app, at)}
${chat === undefined && id !== undefined ? tryPrediction(base, id, asks) : tryChat(base, id, asks)}
Everybody to the control, at once (and back):

  npx assay kill${id === undefined ? "" : ` ${id}`} --reason "it hurts"${at}
  npx assay revive${id === undefined ? "" : ` ${id}`}${at}

`;
}

function authText(app: App, at: string): string {
  if (app.revision().config.auth.mode === "open")
    return "\nOPEN: nobody is asked for a key, so the API is served on loopback only. With auth.mode: keys it may be served elsewhere.\n";
  if (app.clientKeys() > 0) return "";
  return `\nNo client has a key yet, so all get 401. Make the first one: npx assay keys create --name web${at}\n`;
}

function tryChat(base: string, id: string | undefined, asks: boolean): string {
  const model = id === undefined ? "gpt-4.1-mini" : `experiment/${id}`;
  return `Try it:

  curl -i ${base}/chat/completions -H 'content-type: application/json' \\${keyLine(asks)}
    -H 'x-assay-user: user-42' \\
    -d '{"model":"${model}","messages":[{"role":"user","content":"Where is my order?"}]}'

Your code, before and after:

  import OpenAI from "openai";
- const client = new OpenAI();
+ const client = new OpenAI({ baseURL: "${base}", apiKey: ${asks ? "process.env.ASSAY_KEY" : '"unused"'} });
- await client.chat.completions.create({ model: "gpt-4.1-mini", messages });
+ await client.chat.completions.create({ model: "${model}", messages, user: userId });
`;
}

function tryPrediction(base: string, id: string, asks: boolean): string {
  return `Try it, with your model's input as the body:

  curl -i ${base}/predict/${id} -H 'content-type: application/json' \\${keyLine(asks)}
    -H 'x-assay-user: user-42' -d '{}'
`;
}

function keyLine(asks: boolean): string {
  return asks ? `\n    -H "authorization: Bearer $ASSAY_KEY" \\` : "";
}
