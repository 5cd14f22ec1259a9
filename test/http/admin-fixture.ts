/** One Assay with an admin token for each test file that imports this: it starts before the file's tests. */
import { after, before } from "node:test";
import { type ScriptedUpstream, startScriptedUpstream } from "../../src/upstreams/scripted/server.ts";
import { configWith, startTestApp, type TestApp } from "../support/app.ts";

export const token = "0123456789abcdef0123456789abcdef";
export const fromEnvironment = (name: string) => `\${${name}}`;
export const withToken = `server:\n  admin:\n    token: ${fromEnvironment("ADMIN_TOKEN")}`;
export const bearer = { authorization: `Bearer ${token}` };

export let upstream: ScriptedUpstream;
export let assay: TestApp;
// In the order of their opening; closed even where a later one did not open.
const opened: { close(): Promise<void> }[] = [];

before(async () => {
  upstream = await startScriptedUpstream({ tokenDelayMs: 0, firstTokenMs: 0 });
  opened.push(upstream);
  const config = configWith({
    upstreamUrl: upstream.url,
    experiment: `    hash_secret: ${fromEnvironment("HASH_SECRET")}`,
    rest: withToken,
  });
  assay = await startTestApp({ config, env: { ADMIN_TOKEN: token, HASH_SECRET: "s".repeat(40) } });
  opened.push(assay);
});

after(async () => {
  for (const one of opened.toReversed()) await one.close();
});

export interface Answered {
  readonly status: number;
  // Tests look into whatever JSON came.
  readonly body: Record<string, unknown> & { readonly error?: { readonly [name: string]: unknown } };
}

export async function get(path: string, headers: Record<string, string> = bearer): Promise<Answered> {
  const response = await fetch(`${assay.adminUrl}${path}`, { headers });
  return { status: response.status, body: JSON.parse((await response.text()) || "{}") };
}

export async function post(
  path: string,
  body?: unknown,
  headers: Record<string, string> = bearer,
): Promise<Answered> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await fetch(`${assay.adminUrl}${path}`, {
    method: "POST",
    headers,
    ...(text === undefined ? {} : { body: text }),
  });
  return { status: response.status, body: JSON.parse((await response.text()) || "{}") };
}
