import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  closeSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { holdSignals } from "../../src/cli/export-interrupt.ts";
import { openTarget } from "../../src/cli/export-target.ts";
import { openSqliteStore } from "../../src/stores/sqlite/store.ts";
import { storePath } from "../../src/stores/store-path.ts";
import { record, recordingLog, storeConfig } from "../stores/record-fixture.ts";
import { createIo } from "./io-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "assay-export-target-"));
after(() => rmSync(folder, { recursive: true }));

const none = { race: <T>(work: Promise<T>) => work, release: () => {} };
const open = (out: string, isForced = false, interrupt = none) =>
  openTarget(out, createIo().io, { isForced, interrupt });
const partials = () => readdirSync(folder).filter((name) => name.endsWith(".partial"));

function pipe(name: string): string {
  const path = join(folder, name);
  execFileSync("mkfifo", [path]);
  return path;
}

describe("the target of an export", () => {
  test("writes into a pipe, which stays one, forced or not", async () => {
    const path = pipe("pipe");
    for (const isForced of [false, true]) {
      const reader = spawn("cat", [path]);
      const closed = once(reader, "close");
      const read: Buffer[] = [];
      reader.stdout.on("data", (bytes) => read.push(bytes));
      const target = await open(path, isForced);
      await target.write("some text");
      await target.finish();
      await closed;
      assert.equal(Buffer.concat(read).toString(), "some text");
      assert.ok(lstatSync(path).isFIFO());
    }
    assert.deepEqual(partials(), []);
  });

  test("keeps a link, and replaces the file that it names", async () => {
    const [file, link] = [join(folder, "file"), join(folder, "link")];
    writeFileSync(file, "old");
    symlinkSync(file, link);
    await assert.rejects(open(link), { code: "invalid_value", message: /link is there already/ });
    const target = await open(link, true);
    await target.write("new");
    assert.equal(readFileSync(file, "utf8"), "old");
    await target.finish();
    assert.equal(readFileSync(file, "utf8"), "new");
    assert.ok(lstatSync(link).isSymbolicLink());
  });

  test("does not take the name of what became no file meanwhile", async () => {
    const path = join(folder, "late");
    const target = await open(path, true);
    await target.write("some text");
    pipe("late");
    await assert.rejects(target.finish(), { message: /late was a file and no longer is/ });
    await target.abandon();
    assert.ok(lstatSync(path).isFIFO());
    assert.deepEqual(partials(), []);
  });

  test("names a full device in a sentence", { skip: process.platform !== "linux" }, async () => {
    const target = await open("/dev/full");
    const message = /^\/dev\/full cannot be written: ENOSPC/;
    await assert.rejects(target.write("some text"), { code: "invalid_value", message });
    await target.abandon();
    assert.ok(lstatSync("/dev/full").isCharacterDevice());
  });

  test("stops waiting for a pipe that nobody reads", async () => {
    const path = pipe("unread");
    const interrupt = holdSignals();
    try {
      const opening = open(path, false, interrupt);
      setImmediate(() => process.emit("SIGTERM", "SIGTERM"));
      await assert.rejects(opening, { code: "client_cancelled", cause: "SIGTERM" });
    } finally {
      interrupt.release();
      // A reader to the end of this file: the opening holds a thread until it comes.
      openSync(path, "r+");
    }
    assert.equal(process.listenerCount("SIGTERM") + process.listenerCount("SIGINT"), 0);
  });
});

describe("an export that cannot go on", () => {
  const bin = join(import.meta.dirname, "../../bin/assay.js");
  const config = join(folder, "assay.yaml");
  const argv = [bin, "export", "--config", config];

  before(async () => {
    writeFileSync(
      config,
      `server: { state_dir: ./state }
upstreams:
  main: { base_url: http://127.0.0.1:9/v1 }
experiments: {}
`,
    );
    const store = openSqliteStore({
      path: storePath(join(folder, "state")),
      instance: "one",
      boot: "b1",
      config: storeConfig,
      log: recordingLog(),
      now: Date.now,
    });
    // More than the buffers of a pipe and of a stream hold.
    for (let at = 0; at < 1000; at++) store.append(record());
    await store.flush();
    await store.close();
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    test(`ends by ${signal} while the reader of its output stalls`, async () => {
      const child = spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] });
      let err = "";
      child.stderr.on("data", (text) => {
        err += text;
      });
      // The first bytes are there, and no others are asked for.
      await once(child.stdout, "readable");
      child.kill(signal);
      const [code, by] = await once(child, "exit");
      child.stdout.destroy();
      assert.deepEqual([code, by], [null, signal]);
      assert.equal(err, "Interrupted: nothing is kept.\n");
    });

    test(`ends by ${signal} while the reader of a pipe that it was given stalls`, async () => {
      const path = pipe(`stalled-${signal}`);
      const child = spawn(process.execPath, [...argv, "--out", path, "--format", "csv"], { stdio: "ignore" });
      const reader = spawn("head", ["-c", "1", path], { stdio: ["ignore", "pipe", "ignore"] });
      const hold = openSync(path, "r+");
      await once(reader, "exit");
      child.kill(signal);
      assert.deepEqual(await once(child, "exit"), [null, signal]);
      closeSync(hold);
      assert.ok(lstatSync(path).isFIFO());
    });

    test(`leaves nothing of a file on ${signal}`, async () => {
      const target = join(folder, `left-${signal}.jsonl`);
      const interrupt = holdSignals();
      const opened = await open(target, false, interrupt);
      await opened.write("half");
      assert.equal(partials().length, 1);
      process.emit(signal, signal);
      await assert.rejects(opened.finish(), { code: "client_cancelled", cause: signal });
      await opened.abandon();
      interrupt.release();
      assert.deepEqual(partials(), []);
    });
  }

  test("ends with 2 and a sentence on a full disk", { skip: process.platform !== "linux" }, async () => {
    const child = spawn(process.execPath, argv, { stdio: ["ignore", openSync("/dev/full", "w"), "pipe"] });
    let err = "";
    child.stderr?.on("data", (text) => {
      err += text;
    });
    const [code] = await once(child, "close");
    assert.equal(code, 2);
    assert.match(err, /^The standard output cannot be written: ENOSPC[^\n]*\n$/);
  });
});
