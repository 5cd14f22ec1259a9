/**
 * The whole example by one command, on free ports and with a store of its own: trains, serves, starts Assay, sends traffic
 * and labels, and asks Assay for its verdict. `node examples/iris/run.ts [requests]`; exits with the verdict's own code.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { readFlowers } from "./flowers.ts";
import { serveModel } from "./serve.ts";
import { sendTraffic, tallyText } from "./traffic.ts";
import { accuracyOf, lessons, train } from "./train.ts";

const assay = fileURLToPath(new URL("../../bin/assay.js", import.meta.url));
const config = fileURLToPath(new URL("./assay.yaml", import.meta.url));
const requests = Number(process.argv[2] ?? 800);
const say = (text: string) => process.stdout.write(`${text}\n`);

const { known, unseen } = readFlowers();
const sepals = train(lessons.sepals, known);
const petals = train(lessons.petals, known);
say(`Trained two logistic regressions on ${known.length} flowers. On the other ${unseen.length}, offline:`);
for (const model of [sepals, petals]) {
  say(`  ${model.version} is right on ${(100 * accuracyOf(model, unseen)).toFixed(1)} %`);
}

const servers = await Promise.all([serveModel(sepals, 0), serveModel(petals, 0)]);
const state = mkdtempSync(join(tmpdir(), "assay-iris-"));
const [port, adminPort] = [await freePort(), await freePort()];
const env = {
  ...process.env,
  IRIS_SEPALS_PORT: String(servers[0].port),
  IRIS_PETALS_PORT: String(servers[1].port),
  IRIS_PORT: String(port),
  IRIS_ADMIN_PORT: String(adminPort),
  IRIS_STATE: state,
  ASSAY_ADMIN_URL: `http://127.0.0.1:${adminPort}`,
};
const server = spawn(process.execPath, [assay, "serve", "--quiet", "--config", config], {
  env,
  stdio: ["ignore", "ignore", "pipe"],
});
let log = "";
server.stderr.on("data", (chunk: Buffer) => {
  log += chunk.toString();
});
try {
  await ready(`http://127.0.0.1:${port}/readyz`, server);
  say(`\nSent ${requests} flowers to one or the other, at random, and then what they were:`);
  const baseUrl = `http://127.0.0.1:${port}/v1`;
  process.stdout.write(
    tallyText(await sendTraffic({ baseUrl, requests, seed: 1936 }))
      .replaceAll(/^/gm, "  ")
      .trimEnd(),
  );
  say("\n\n$ assay results iris\n");
  const results = spawn(process.execPath, [assay, "results", "iris"], { env, stdio: "inherit" });
  process.exitCode = await ended(results);
} finally {
  server.kill("SIGTERM");
  await ended(server);
  for (const one of servers) one.close();
  rmSync(state, { recursive: true, force: true });
}

/** Waits until the server takes requests. Throws when it ends before that. */
async function ready(url: string, starting: ChildProcess): Promise<void> {
  while (starting.exitCode === null) {
    const isUp = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    await pause(50);
  }
  throw new Error(`Assay did not start:\n${log}`);
}

function ended(child: ChildProcess): Promise<number> {
  if (child.exitCode !== null) return Promise.resolve(child.exitCode);
  return new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer().listen(0, "127.0.0.1", () => {
      const { port: free } = probe.address() as AddressInfo;
      probe.close(() => resolve(free));
    });
  });
}
