/** What requests say: questions or inputs of a file, or made up from the seed. */
import { createRandom, type Random } from "../analysis/random.ts";
import { createFileReader } from "../config/file-reader.ts";
import { isObject } from "../core/chat-completion.ts";
import { Failure } from "../domain/failure.ts";
import { sampleOf } from "./simulate-sample.ts";
import type { TargetExperiment } from "./simulate-target.ts";

/** Draws what one request says. `number` is its own, so that no two say the very same. */
export type Speaker = (random: Random, number: number) => Readonly<Record<string, unknown>>;

/** The members of a body beside those that the simulation sets. Throws where no input can be made up. */
export function speakerOf(experiment: TargetExperiment, inputPath: string | undefined): Speaker {
  const isChat = experiment.predict === undefined;
  if (inputPath !== undefined) return fromFile(readLines(inputPath, isChat));
  if (isChat)
    return (random, number) => ({ messages: [{ role: "user", content: question(random, number) }] });
  const { input } = experiment.predict;
  if (input !== undefined) {
    // Before the traffic begins: what the schema asks for may be beyond us.
    sampleOf(input.schema, createRandom(0));
    return (random) => sampleOf(input.schema, random);
  }
  throw new Failure(
    "missing_required_parameter",
    `Experiment "${experiment.id}" has no input schema: give inputs by --input FILE, one JSON object a line.`,
  );
}

function fromFile(lines: readonly Readonly<Record<string, unknown>>[]): Speaker {
  return (random) => lines[random.integer(lines.length)] ?? {};
}

function readLines(path: string, isChat: boolean): readonly Readonly<Record<string, unknown>>[] {
  const file = createFileReader().read(path);
  if ("message" in file) throw new Failure("invalid_value", `--input ${path}: ${file.message}.`);
  const lines = file.text.split("\n").flatMap((line, index) => {
    if (line.trim() === "") return [];
    const read = readLine(line, isChat);
    if (read !== undefined) return [read];
    const wanted = isChat
      ? 'a question in quotes, or an object with "messages"'
      : "a JSON object: an input of the model";
    throw new Failure("invalid_value", `${path}:${index + 1} is not ${wanted}; write one on each line.`);
  });
  if (lines.length > 0) return lines;
  throw new Failure("invalid_value", `--input ${path} is empty; write one JSON value on each line.`);
}

function readLine(line: string, isChat: boolean): Readonly<Record<string, unknown>> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (isChat && typeof value === "string") return { messages: [{ role: "user", content: value }] };
  if (!isObject(value)) return undefined;
  return isChat && !Array.isArray(value.messages) ? undefined : value;
}

const questions = [
  "Where is my order # ? It should have come on Monday.",
  "I was charged twice for order #, please give me my money back.",
  "The app shows an error since the update, ticket #.",
  "How do I reset my password? My account is #.",
  "Please send me the invoice for order #.",
  "I want to cancel my subscription, customer number #.",
  "Can I change the delivery address of parcel #?",
  "This is the third time that I write about case #. Let me talk to a person.",
  "Does the plan of account # include an export to a spreadsheet?",
  "My code for signing in never arrives, user #.",
] as const;

function question(random: Random, number: number): string {
  const text = questions[random.integer(questions.length)] ?? questions[0];
  return text.replace("#", String(10_000 + number));
}
