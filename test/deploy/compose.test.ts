import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import path from "node:path";
import { describe, test } from "node:test";
import { readText, readYaml, root } from "./deployed.ts";

interface ComposeService {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string | null>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly depends_on?: readonly string[] | Readonly<Record<string, unknown>>;
}

const compose = readYaml<{
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}>("docker-compose.yml");
const services = Object.entries(compose.services);
const assay = compose.services.assay;
const dockerfile = readText("Dockerfile");
const pinnedTag = /:v?\d+\.\d+\.\d+(-[a-z0-9-]+)?$/;

describe("docker-compose.yml", () => {
  test("starts Assay, the collector, Jaeger, Prometheus and Grafana", () => {
    const wanted = ["assay", "grafana", "jaeger", "otel-collector", "otel-collector-storage", "prometheus"];
    assert.deepEqual(Object.keys(compose.services).toSorted(), wanted);
  });

  test("pins every image to a full version", () => {
    for (const [name, service] of services) assert.match(service.image, pinnedTag, name);
  });

  test("publishes every port on loopback only, each once", () => {
    const ports = services.flatMap(([, service]) => service.ports ?? []);
    assert.equal(new Set(ports).size, ports.length);
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:\d+:\d+$/);
  });

  test("mounts only files that exist, read-only, and volumes that are declared", () => {
    const mounts = services.flatMap(([, service]) => service.volumes ?? []).map((mount) => mount.split(":"));
    const named = mounts.filter(([source]) => !source?.startsWith("."));
    assert.deepEqual(
      [...new Set(named.map(([source]) => source))].toSorted(),
      Object.keys(compose.volumes).toSorted(),
    );
    for (const [source = "", , mode] of mounts.filter(([from]) => from?.startsWith("."))) {
      assert.ok(existsSync(path.join(root, source)), source);
      assert.equal(mode, "ro", source);
    }
  });

  test("waits only for services that it knows", () => {
    for (const [name, { depends_on: wanted = [] }] of services) {
      const names = Array.isArray(wanted) ? wanted : Object.keys(wanted);
      for (const other of names) assert.ok(other in compose.services, `${name} waits for ${other}`);
    }
  });

  test("demands an admin token before it opens Assay beyond loopback", () => {
    assert.ok(assay?.command?.join(" ").includes("--host 0.0.0.0 --admin-host 0.0.0.0"));
    assert.match(assay?.environment?.ASSAY_ADMIN_TOKEN ?? "", /^\$\{ASSAY_ADMIN_TOKEN:\?.+\}$/);
  });

  test("asks for client keys before it opens Assay beyond loopback", () => {
    assert.equal(assay?.environment?.ASSAY_AUTH_MODE, "keys");
    assert.match(dockerfile, /^ENV ASSAY_AUTH_MODE=keys$/m);
    assert.match(readText("assay.yaml"), /^ {2}mode: \$\{ASSAY_AUTH_MODE:-open\}$/m);
  });

  test("writes no secret down", () => {
    for (const [, { environment = {} }] of services) {
      for (const [key, value] of Object.entries(environment).filter(([k]) =>
        /KEY$|TOKEN$|PASSWORD$/.test(k),
      )) {
        assert.ok(value === null || value.startsWith("${"), key);
      }
    }
  });

  test("keeps the kill switches on a volume and the rest of Assay's file system read-only", () => {
    assert.equal(assay?.read_only, true);
    assert.deepEqual(assay?.cap_drop, ["ALL"]);
    assert.ok(assay?.volumes?.includes("assay-state:/app/.assay"));
  });

  test("sends traces to the collector and leaves metrics to the scrape", () => {
    assert.equal(assay?.environment?.OTEL_EXPORTER_OTLP_ENDPOINT, "http://otel-collector:4318");
    assert.equal(assay?.environment?.OTEL_METRICS_EXPORTER, "none");
    const flags = compose.services.prometheus?.command ?? [];
    assert.ok(flags.includes("--web.enable-otlp-receiver"));
    assert.ok(flags.includes("--enable-feature=exemplar-storage"));
  });
});

describe("Dockerfile", () => {
  test("stands on a pinned small image of the Node that the project asks for", () => {
    const images = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image ?? "");
    assert.ok(images.length > 1);
    for (const image of images) assert.match(image, /^node:24\.\d+\.\d+-\w+-slim$/);
  });

  test("runs without root, with a health check that needs nothing but Node", () => {
    const last = dockerfile.lastIndexOf("FROM ");
    assert.match(dockerfile.slice(last), /^USER node$/m);
    assert.match(dockerfile, /^HEALTHCHECK [^\n]*\\\n {2}CMD \["node", "-e", /m);
    assert.match(dockerfile, /^ENTRYPOINT \["node", "src\/main\.ts"\]$/m);
  });

  test("installs exactly the locked packages and runs none of their scripts", () => {
    assert.match(dockerfile, /npm ci --omit=dev --ignore-scripts/);
  });

  test("copies only what .dockerignore lets in, and all of it exists", () => {
    const allowed = readText(".dockerignore")
      .split("\n")
      .filter((line) => line.startsWith("!"));
    const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(
      ([, list]) => list?.split(" ") ?? [],
    );
    assert.deepEqual([...new Set(copied)].toSorted(), allowed.map((line) => line.slice(1)).toSorted());
    for (const file of copied) assert.ok(existsSync(path.join(root, file)), file);
  });
});
