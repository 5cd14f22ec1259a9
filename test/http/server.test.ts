import assert from "node:assert/strict";
import { once } from "node:events";
import { Agent, request } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createHttpServer } from "../../src/http/server.ts";

test("an idle connection keeps nothing of the request that it carried", async (t) => {
  setFlagsFromString("--expose-gc");
  const collect: () => void = runInNewContext("gc");
  const bodies: WeakRef<Buffer>[] = [];
  const server = createHttpServer((asked, answer) => {
    // As routes do: what they listen with holds the body.
    const chunks: Buffer[] = [];
    asked.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bodies.push(new WeakRef(chunk));
    });
    asked.on("end", () => answer.end(String(chunks.length)));
  }, 10);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const agent = new Agent({ keepAlive: true });
  t.after(() => {
    agent.destroy();
    server.close();
  });
  // Twice: what stands between two requests of one connection is let go of as well.
  for (let time = 0; time < 2; time++) await post((server.address() as AddressInfo).port, agent);
  // Finalizers and weak references need turns of the loop.
  for (let turn = 0; turn < 20 && bodies.some((body) => body.deref() !== undefined); turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    collect();
  }
  assert.ok(bodies.length >= 2);
  assert.deepEqual(
    bodies.filter((body) => body.deref() !== undefined),
    [],
  );
});

async function post(port: number, agent: Agent): Promise<void> {
  const asked = request({ host: "127.0.0.1", port, agent, method: "POST" });
  asked.end(Buffer.alloc(100_000));
  const [answer] = await once(asked, "response");
  answer.resume();
  await once(answer, "close");
}
