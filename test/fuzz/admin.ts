import assert from "node:assert/strict";
import { exchange } from "../security/raw-client.ts";
import { configWith, startTestApp } from "../support/app.ts";
import type { FuzzTarget } from "./target.ts";

/** The first line of an input is method and path, the rest is the body. */
export async function createAdminTarget(): Promise<FuzzTarget> {
  const token = "0123456789abcdef0123456789abcdef";
  const app = await startTestApp({
    config: configWith({
      upstreamUrl: "http://127.0.0.1:9/v1",
      rest: `server: { admin: { token: "${"$"}{TOKEN}" } }`,
    }),
    env: { TOKEN: token },
  });
  const port = Number(new URL(app.adminUrl).port);
  const head = `host: localhost\r\nauthorization: Bearer ${token}\r\nconnection: close\r\ncontent-type: application/json`;
  return {
    words: [
      "GET /admin/status",
      "GET /admin/experiments/tone/records?limit=",
      "PUT /admin/experiments/tone/allocation",
      "POST /admin/kill",
      "/admin/experiments/tone/explain?unit=",
      "&until=",
      "&outcome=",
      "%00",
      "%ff",
      "\n",
      '{"scope":"*","reason":"r"}',
      '"weights":{"control":1,"candidate":1}',
      '"coverage":',
      "__proto__",
      "constructor",
      "..",
    ],
    async check(input) {
      const newline = input.indexOf("\n");
      const line = (newline === -1 ? input : input.subarray(0, newline)).toString("latin1");
      const body = newline === -1 ? Buffer.alloc(0) : input.subarray(newline + 1);
      const [method = "GET", path = "/"] = line.split(" ");
      const start = `${method} ${path} HTTP/1.1\r\n${head}\r\ncontent-length: ${body.length}\r\n\r\n`;
      const { answers } = await exchange(port, Buffer.concat([Buffer.from(start, "latin1"), body]), 9);
      const { status = 0, body: text = "" } = answers[0] ?? {};
      assert.ok(answers.length <= 1, "one answer");
      // HEAD has no body to read by its length.
      if (method !== "HEAD") assert.ok(status >= 200 && status < 500, `${status} ${text}`);
      assert.doesNotMatch(text, /\bat .*\.ts:|node:internal|node_modules/);
      assert.ok(!text.includes(token));
      if (status >= 400 && text !== "") return `${status} ${JSON.parse(text).error.code}`;
      return `${status} ${path.split(/[?%]/)[0]?.slice(0, 40)}`;
    },
    close: () => app.close(),
  };
}
