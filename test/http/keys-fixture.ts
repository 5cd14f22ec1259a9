/** An Assay that asks for keys, before an upstream that keeps what it was sent. */
import { after, before } from "node:test";
import { good } from "../faults/fixture.ts";
import { configWith, startTestApp, type TestApp } from "../support/app.ts";
import {
  type HostileHandler,
  type HostileUpstream,
  startHostileUpstream,
} from "../support/hostile-upstream.ts";

export const adminToken = "0123456789abcdef0123456789abcdef";

const listOfModels = JSON.stringify({ object: "list", data: [{ id: "gpt-up" }, { id: "gpt-other" }] });

export interface KeyedApp extends TestApp {
  readonly upstream: HostileUpstream;
  /** From now on the upstream answers so. */
  play(handler: HostileHandler): void;
  /** Makes a key, and gives its answer and its text. */
  createKey(
    order?: Readonly<Record<string, unknown>>,
  ): Promise<{ readonly id: string; readonly key: string }>;
  admin(method: string, path: string, body?: unknown, token?: string): Promise<Heard>;
  ask(path: string, key: string | undefined, more?: RequestInit): Promise<Heard>;
}

export interface Heard {
  readonly status: number;
  readonly headers: Headers;
  readonly code: string | undefined;
  // Tests look into whatever JSON came.
  readonly body: Record<string, unknown>;
}

export const answers: HostileHandler = (socket, request) => {
  if (!request.toString("latin1").startsWith("GET /v1/models ")) return good(socket, request);
  socket.write(
    `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${listOfModels.length}\r\n\r\n${listOfModels}`,
  );
};

/** `folder` to use again is not removed. */
export async function startKeyedApp(options: { readonly folder?: string } = {}): Promise<KeyedApp> {
  let handler = answers;
  const upstream = await startHostileUpstream((socket, request) => handler(socket, request));
  const token = `\${ADMIN_TOKEN}`;
  const app = await startTestApp({
    config: configWith({
      upstreamUrl: upstream.url,
      experiment: "    allow_pins: true",
      rest: `
  length:
    match: { models: [gpt-length] }
    variants: { control: { model: model-a }, candidate: { model: model-b } }
    control: control
models:
  model-a: { price: { input_per_million: 1000000, output_per_million: 1000000 } }
auth: { mode: keys }
server: { cors_origins: ["https://app.example.com"], admin: { token: "${token}" } }`,
    }),
    env: { ADMIN_TOKEN: adminToken },
    ...options,
  });
  const { close } = app;
  const admin: KeyedApp["admin"] = async (method, path, body, bearer = adminToken) => {
    const headers = { authorization: `Bearer ${bearer}` };
    const init = body === undefined ? {} : { body: JSON.stringify(body) };
    return heard(await fetch(`${app.adminUrl}${path}`, { method, headers, ...init }));
  };
  return Object.assign(app, {
    upstream,
    play(next: HostileHandler) {
      handler = next;
    },
    admin,
    async createKey(order = {}) {
      const { status, body } = await admin("POST", "/admin/keys", { name: "web", ...order });
      if (status !== 201) throw new Error(`no key was made: ${JSON.stringify(body)}`);
      return { id: String(body.id), key: String(body.key) };
    },
    async ask(path: string, key: string | undefined, more: RequestInit = {}) {
      const authorization: Record<string, string> =
        key === undefined ? {} : { authorization: `Bearer ${key}` };
      const headers = { ...authorization, ...(more.headers as Record<string, string> | undefined) };
      return heard(await fetch(`${app.url}${path}`, { ...more, headers }));
    },
    async close() {
      await close();
      await upstream.close();
    },
  } satisfies Partial<KeyedApp>);
}

async function heard(response: Response): Promise<Heard> {
  const body: Record<string, unknown> = JSON.parse((await response.text()) || "{}");
  const error = body.error as { readonly code?: string } | undefined;
  return { status: response.status, headers: response.headers, code: error?.code, body };
}

export function post(body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  };
}

export const chat = (model = "tone") => post({ model, messages: [] }, { "x-assay-user": "ada" });

export let assay: KeyedApp;

/** One for all tests of a file. */
export function useKeyedApp(): void {
  before(async () => {
    assay = await startKeyedApp();
  });
  after(() => assay.close());
}
