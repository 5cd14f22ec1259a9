import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { createWebhookCaller } from "../../src/upstreams/webhook.ts";

test("a hook is posted to, and all but 2xx is a failure that tells no address", async (t) => {
  let status = 204;
  const seen: string[] = [];
  const server = createServer((request, response) => {
    seen.push(`${request.method} ${request.url} ${request.headers["webhook-id"]}`);
    response.writeHead(status, { location: "http://169.254.169.254/" }).end();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/secret-path`;
  const hooks = createWebhookCaller();
  t.after(async () => {
    await hooks.close();
    server.close();
  });
  const post = (to = url) => hooks.post({ url: to, headers: { "webhook-id": "m1" }, body: "{}" });
  await post();
  assert.deepEqual(seen, ["POST /secret-path m1"]);
  for (status of [302, 410, 500]) await assert.rejects(post(), { message: `it answered ${status}` });
  assert.equal(seen.length, 4);
  await assert.rejects(post("http://169.254.169.254/latest"), { message: /metadata/ });
  await assert.rejects(post("http://127.0.0.1:1/secret-path"), ({ message }: Error) => {
    assert.match(message, /could not be reached: ECONNREFUSED/);
    return !message.includes("secret-path");
  });
});

test("a hook that answers 2xx at length, or breaks off behind it, has taken it", async (t) => {
  let end: "whole" | "cut" = "whole";
  const server = createServer((_, response) => {
    response.writeHead(200, { "content-length": 5_000_000 });
    response.write("x".repeat(1_000_000));
    if (end === "whole") response.end("x".repeat(4_000_000));
    else setImmediate(() => response.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const hooks = createWebhookCaller();
  t.after(async () => {
    await hooks.close();
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
  for (end of ["whole", "cut"] as const) await hooks.post({ url, headers: {}, body: "{}" });
});

test("a hook that does not answer is told as such", async (t) => {
  const server = createServer(() => {}).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const hooks = createWebhookCaller(100);
  t.after(async () => {
    await hooks.close();
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/`;
  await assert.rejects(hooks.post({ url, headers: {}, body: "{}" }), {
    message: "it could not be reached: no answer",
  });
});
