/** A model behind HTTP: a flower in, a species out. `node examples/iris/serve.ts` trains and serves both, on ports 9101 and 9102. */
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Measure, readFlowers } from "./flowers.ts";
import { lessons, type SpeciesModel, train } from "./train.ts";

export interface ModelServer {
  readonly port: number;
  close(): void;
}

/** `POST` anywhere answers `{"prediction", "model_version"}`; port 0 is any free one of this machine. */
export async function serveModel(model: SpeciesModel, port: number): Promise<ModelServer> {
  const server = createServer(async (request, response) => {
    const answer = await answerTo(request, model);
    response.writeHead(answer.status, { "content-type": "application/json" });
    response.end(JSON.stringify(answer.body));
  });
  await listening(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function answerTo(
  request: IncomingMessage,
  model: SpeciesModel,
): Promise<{ readonly status: number; readonly body: object }> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    // Assay has checked it against the experiment's input schema; nobody else reaches this port.
    const flower = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Record<Measure, number>;
    return { status: 200, body: { prediction: model.predict(flower), model_version: model.version } };
  } catch {
    return { status: 400, body: { error: "Send a flower as JSON." } };
  }
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", resolve);
  });
}

if (import.meta.main) {
  const { known } = readFlowers();
  const sepals = await serveModel(train(lessons.sepals, known), 9101);
  const petals = await serveModel(train(lessons.petals, known), 9102);
  process.stdout.write(`sepals on port ${sepals.port}, petals on port ${petals.port}; ctrl-c ends both\n`);
}
