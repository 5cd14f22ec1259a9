/** Processes that end when they should not, and when they should. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { freePort } from "../../src/cluster/free-port.ts";
import { scanOutcomes, scanRecords } from "../../src/stores/sqlite/scan.ts";
import { storePath } from "../../src/stores/store-path.ts";
import { good } from "../faults/fixture.ts";
import { type HostileUpstream, startHostileUpstream } from "../support/hostile-upstream.ts";
import { scrape, totalOf } from "../telemetry/scrape.ts";
import {
  configFor,
  isAlive,
  type Server,
  type ServerOptions,
  spawnServer,
  startServer,
  until,
} from "./server-fixture.ts";

let upstream: HostileUpstream;

before(async () => {
  upstream = await startHostileUpstream(good);
});
after(() => upstream.close());

async function withServer(run: (server: Server) => Promise<void>): Promise<void> {
  const server = await startServer({ config: configFor(upstream.url) });
  try {
    await run(server);
  } finally {
    await server.stop();
  }
}

/** What `/readyz` answers; undefined while nobody listens. */
async function readiness(adminUrl: string) {
  return fetch(`${adminUrl}/readyz`).then(
    async (response) => ({
      status: response.status,
      body: (await response.json()) as { readonly status: string },
    }),
    () => undefined,
  );
}

/** Starts a server that must not come to serve, and gives its exit code and its words. */
async function failed(options: Omit<ServerOptions, "config">) {
  const folder = mkdtempSync(join(tmpdir(), "assay-cluster-"));
  const { exited, words } = spawnServer(folder, { config: configFor(upstream.url), ...options });
  const code = await exited;
  rmSync(folder, { recursive: true, force: true });
  return { code, words: words() };
}

interface Traffic {
  /** Ids of requests that were answered, and of those whose outcome was acknowledged. */
  readonly answered: readonly string[];
  readonly acknowledged: readonly string[];
  readonly failures: () => number;
  stop(): Promise<void>;
}

const clients = 6;

/** Clients that ask, and tell how they liked it, one thing after the other. */
function trafficOn(server: Server): Traffic {
  const answered: string[] = [];
  const acknowledged: string[] = [];
  let failures = 0;
  let isOver = false;
  const ask = async (unit: string) => {
    const { status, headers } = await server.chat(unit);
    if (status !== 200) return false;
    const requestId = String(headers["x-request-id"]);
    answered.push(requestId);
    const outcome = await server.outcome(requestId);
    if (outcome.status === 202) acknowledged.push(requestId);
    return outcome.status === 202;
  };
  const all = Array.from({ length: clients }, async (_, client) => {
    while (!isOver) if (!(await ask(`unit-${client}`))) failures++;
  });
  return {
    answered,
    acknowledged,
    failures: () => failures,
    async stop() {
      isOver = true;
      await Promise.all(all);
    },
  };
}

/** Kills the first worker in the middle of the traffic, and waits until its successor has its share of it. */
async function killFirst(server: Server, { acknowledged }: Traffic): Promise<void> {
  await until("some traffic", () => acknowledged.length > 30);
  const [first] = await server.workers();
  process.kill(first?.pid ?? 0, "SIGKILL");
  await until("a successor", async () => {
    const [next] = await server.workers();
    return next?.restarts === 1 && next.revision !== undefined && next.pid !== first?.pid;
  });
  const soFar = acknowledged.length;
  await until("traffic after it", () => acknowledged.length > soFar + 30);
}

describe("a worker that is killed", () => {
  test("costs its open requests only, and is replaced; what was acknowledged is stored", async () => {
    await withServer(async (server) => {
      const traffic = trafficOn(server);
      const { answered, acknowledged, failures } = traffic;
      const counted = async () => totalOf(await scrape(server.adminUrl), "assay_requests_total") ?? 0;
      try {
        await until("counted requests", async () => (await counted()) > 20);
        const before = await counted();
        await killFirst(server, traffic);
        assert.ok((await counted()) > before, "what the dead worker had counted is not forgotten");
      } finally {
        await traffic.stop();
      }
      assert.ok(failures() <= clients, `${failures()} requests failed, and ${clients} at most were open`);
      const { body } = await server.admin("/admin/experiments/tone/results");
      assert.match(JSON.stringify(body), /1 boot or worker ended without saying so/);
      server.child.kill("SIGTERM");
      assert.equal(await server.exited, 0);
      const path = storePath(join(server.folder, ".assay"));
      const stored = new Set([...scanRecords(path)].map(({ requestId }) => requestId));
      const lost = answered.filter((id) => !stored.has(id));
      assert.ok(lost.length <= clients, `${lost.length} answers have no record`);
      const rated = new Set(
        [...scanOutcomes(path)].map(({ subject }) => subject.kind === "request" && subject.requestId),
      );
      assert.deepEqual(
        acknowledged.filter((id) => !rated.has(id)),
        [],
      );
    });
  });
});

describe("a server without a worker", () => {
  test("says so where it is asked whether it is ready, until one serves again", async () => {
    await withServer(async (server) => {
      for (const { pid = 0 } of await server.workers()) process.kill(pid, "SIGKILL");
      await until("its answer", async () => (await readiness(server.adminUrl))?.status === 503);
      assert.deepEqual(await readiness(server.adminUrl), { status: 503, body: { status: "no_worker" } });
      await until("a worker", async () => (await readiness(server.adminUrl))?.status === 200);
      await until("its line", () => /"message":"a new worker serves"/.test(server.words()));
    });
  });
});

for (const workers of [1, 2]) {
  test(`a server with --workers ${workers} drains on a signal that comes the moment it is ready`, async () => {
    const adminPort = await freePort("127.0.0.1");
    const folder = mkdtempSync(join(tmpdir(), "assay-cluster-"));
    const { child, exited, words } = spawnServer(folder, {
      config: configFor(upstream.url),
      workers,
      adminPort,
    });
    const heard = new Set<unknown>();
    await until("its readiness", async () => {
      const answer = await readiness(`http://127.0.0.1:${adminPort}`);
      if (answer !== undefined) heard.add(answer.body.status);
      return answer?.status === 200 || child.exitCode !== null;
    });
    child.kill("SIGTERM");
    assert.equal(await exited, 0, words());
    rmSync(folder, { recursive: true, force: true });
    assert.match(words(), /SIGTERM: draining/);
    heard.delete("starting");
    assert.deepEqual([...heard], ["ready"]);
  });
}

describe("the primary", () => {
  test("leaves no worker behind when it is killed", async () => {
    await withServer(async (server) => {
      const pids = (await server.workers()).map(({ pid }) => pid ?? 0);
      assert.deepEqual(pids.map(isAlive), [true, true]);
      server.child.kill("SIGKILL");
      await until("the end of the workers", () => !pids.some(isAlive));
    });
  });

  test("ends on SIGTERM with its workers, and every answer has a record", async () => {
    await withServer(async (server) => {
      const pids = (await server.workers()).map(({ pid }) => pid ?? 0);
      const heard = await Promise.all(Array.from({ length: 20 }, (_, unit) => server.chat(`unit-${unit}`)));
      assert.deepEqual([...new Set(heard.map(({ status }) => status))], [200]);
      server.child.kill("SIGTERM");
      assert.equal(await server.exited, 0, server.words());
      assert.deepEqual(pids.map(isAlive), [false, false]);
      assert.equal([...scanRecords(storePath(join(server.folder, ".assay")))].length, 20);
      assert.doesNotMatch(server.words(), /"level":"error"/);
    });
  });

  test("refuses a state folder that another one serves from", async () => {
    await withServer(async (server) => {
      const { code, words } = await failed({ args: ["--state-dir", join(server.folder, ".assay")] });
      assert.equal(code, 2);
      assert.match(words, /Another Assay serves from the state folder/);
    });
  });

  test("says that a port is taken as a server without workers does", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const { code, words } = await failed({ port });
    other.close();
    assert.equal(code, 2);
    assert.equal(words, `Cannot listen on 127.0.0.1:${port} (EADDRINUSE); is it taken?\n`);
  });

  test("ends with a sentence when its workers cannot live", async () => {
    // Loaded by every process of the server before anything else; it ends those that are workers.
    const deadly = `data:text/javascript,import cluster from "node:cluster"; if (cluster.isWorker) process.exit(7);`;
    const { code, words } = await failed({ env: { NODE_OPTIONS: `--import=${encodeURI(deadly)}` } });
    assert.equal(code, 1, words);
    assert.match(words, /The workers end as soon as they have started \(exit code 7\)/);
  });
});
