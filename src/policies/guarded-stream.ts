/** Guards a stream: holds chunks back until what they say has been judged, and no longer. */
import type { ChunkPiece } from "../core/chunk-texts.ts";
import { readableCall, redactedArguments } from "../core/guarded-arguments.ts";
import { isAnswerText } from "../core/guarded-texts.ts";
import { replaced } from "../core/guardrail-spans.ts";
import { EventSplitter, type ServerSentEvent } from "../core/server-sent-events.ts";
import type { Answer, Choice, ChunkSink, ChunkSource, Completion } from "../domain/chat.ts";
import { asFailure, type Failure } from "../domain/failure.ts";
import { GuardedText } from "./guarded-text.ts";
import type { GuardedAnswerParts } from "./guarded-whole.ts";
import {
  bytesOf,
  grow,
  type HeldEvent,
  type HeldPiece,
  isContent,
  isReleased,
  lengthOf,
  type Part,
  readEvent,
} from "./held-event.ts";
import { redactionsOf } from "./judge-guardrail.ts";
import { StageJudge } from "./stage-judge.ts";

/** The upstream's adapter has bounded its events already. */
const maxEventBytes = 16 * 1024 * 1024;

interface Parts extends GuardedAnswerParts {
  /** Nothing is shown before everything has been judged: the whole stream is here already, or might as well be. */
  readonly holdsAll: boolean;
}

export class GuardedStream {
  readonly #given: Answer;
  readonly #source: ChunkSource;
  readonly #parts: Parts;
  readonly #output: StageJudge;
  readonly #calls: StageJudge;
  readonly #splitter = new EventSplitter(maxEventBytes);
  readonly #choices = new Map<number, Map<string, Part>>();
  /** Of choices that went on after they had finished, what they had said by then. */
  readonly #before = new Map<number, readonly Map<string, Part>[]>();
  readonly #finished = new Set<number>();
  #queue: HeldEvent[] = [];
  /** Released, and not yet asked for. */
  #out: Buffer[] = [];
  #sink: ChunkSink | undefined;
  #end: { readonly failure: Failure | undefined } | undefined;
  #hasContent = false;
  #judging: Promise<void> = Promise.resolve();
  readonly #committed = Promise.withResolvers<void>();
  readonly #ended = Promise.withResolvers<void>();

  constructor(given: Answer, source: ChunkSource, parts: Parts) {
    this.#given = given;
    this.#source = source;
    this.#parts = parts;
    this.#output = new StageJudge("output", parts.plan.output, parts);
    this.#calls = new StageJudge("tool_calls", parts.plan.tool_calls, parts);
  }

  /** Resolves when something may be shown: until then what blocks or breaks the stream rejects, and a fallback may take its place. */
  async answer(): Promise<Answer> {
    this.#source.start({
      chunk: (bytes) => this.#take(bytes),
      end: () => this.#finishAll(),
      fail: (failure) => this.#settle(failure),
    });
    await this.#committed.promise;
    return {
      ...this.#given,
      body: { kind: "stream", source: this.#guardedSource() },
      completion: Promise.all([this.#given.completion, this.#ended.promise]).then(([end]) =>
        this.#completion(end),
      ),
    };
  }

  #take(bytes: Buffer): void {
    if (this.#end !== undefined) return;
    for (const event of this.#splitter.push(bytes)) {
      const refusal = this.#takeEvent(event);
      if (refusal === undefined) continue;
      this.#refuse(refusal);
      return;
    }
    this.#release();
  }

  #takeEvent(event: ServerSentEvent): Failure | undefined {
    const read = readEvent(event);
    const pieces: HeldPiece[] = [];
    for (const piece of read?.pieces ?? []) {
      // It has said that it had finished: what comes all the same is a text of its own, and judged as one.
      if (this.#finished.delete(piece.choice)) this.#beginAnew(piece.choice);
      const part = this.#partOf(piece);
      pieces.push({ part, start: lengthOf(part), length: piece.piece.length });
      const refusal = grow(part, piece);
      if (refusal !== undefined) return refusal;
    }
    this.#queue.push({ event, pieces });
    for (const choice of read?.finished ?? []) this.#finish(choice);
    return undefined;
  }

  #beginAnew(choice: number): void {
    this.#before.set(choice, this.#allParts(choice));
    this.#choices.set(choice, new Map());
  }

  #allParts(choice: number): readonly Map<string, Part>[] {
    return [...(this.#before.get(choice) ?? []), this.#choices.get(choice) ?? new Map<string, Part>()];
  }

  #partOf({ choice, key: name, isCall }: ChunkPiece): Part {
    const parts = this.#choices.get(choice) ?? new Map<string, Part>();
    this.#choices.set(choice, parts);
    const key = isCall ? `call ${name}` : name;
    const known = parts.get(key);
    if (known !== undefined) return known;
    const part: Part = isCall
      ? {
          kind: "call",
          name: "",
          arguments: "",
          redacted: undefined,
          isJudged: this.#calls.guardrails.length === 0 && !this.#parts.holdsAll,
        }
      : { kind: "text", text: this.#newText(!isAnswerText(name)), length: 0 };
    parts.set(key, part);
    return part;
  }

  #newText(isAside: boolean): GuardedText {
    const { context, holdsAll, now } = this.#parts;
    const { signal } = context.controller;
    const { requestId } = context;
    return new GuardedText({ judge: this.#output, isAside, holdsAll, requestId, signal, now });
  }

  /** A choice is complete: its texts are judged as wholes, and its calls. */
  #finish(choice: number): void {
    if (this.#finished.has(choice)) return;
    this.#finished.add(choice);
    const parts = [...(this.#choices.get(choice)?.values() ?? [])];
    this.#judging = this.#judging
      .then(() => this.#judgeParts(parts))
      .then(
        (refusal) => (refusal === undefined ? this.#release() : this.#refuse(refusal)),
        (thrown: unknown) => this.#refuse(asFailure(thrown)),
      );
  }

  async #judgeParts(parts: readonly Part[]): Promise<Failure | undefined> {
    if (this.#end !== undefined) return undefined;
    const { signal } = this.#parts.context.controller;
    for (const part of parts) {
      if (part.kind !== "text") continue;
      const refusal = await part.text.end();
      if (refusal !== undefined) return signal.aborted ? asFailure(signal.reason) : refusal;
    }
    const calls = parts.filter((part) => part.kind === "call");
    if (calls.length > 0 && this.#calls.guardrails.length > 0) {
      const toolCalls = calls.map(readableCall);
      const { refusal, rulings } = await this.#calls.judge({ stage: "tool_calls", texts: [], toolCalls });
      if (refusal !== undefined) return signal.aborted ? asFailure(signal.reason) : refusal;
      for (const [index, text] of redactedArguments(toolCalls, redactionsOf(rulings))) {
        const call = calls[index];
        if (call !== undefined) call.redacted = text;
      }
    }
    for (const call of calls) call.isJudged = true;
    return undefined;
  }

  /** The upstream has said everything. */
  #finishAll(): void {
    for (const choice of this.#choices.keys()) this.#finish(choice);
    this.#judging.then(() => this.#settle(undefined));
  }

  #refuse(failure: Failure): void {
    if (this.#end !== undefined) return;
    this.#settle(failure);
    this.#source.cancel(failure);
  }

  #settle(failure: Failure | undefined): void {
    if (this.#end !== undefined) return;
    if (failure === undefined) this.#release();
    this.#end = { failure };
    this.#queue = [];
    this.#tellEnd();
    // A client that hears of the failure must not wait for those that only tell.
    Promise.all([this.#output.close(), this.#calls.close()]).then(() => this.#ended.resolve());
  }

  #tellEnd(): void {
    const { failure } = this.#end ?? {};
    if (failure === undefined || this.#hasContent) this.#committed.resolve();
    else this.#committed.reject(failure);
    if (this.#sink === undefined || this.#end === undefined) return;
    if (failure === undefined) this.#sink.end();
    else this.#sink.fail(failure);
  }

  /** Gives on what may be shown, in the order in which it came. */
  #release(): void {
    if (this.#end !== undefined) return;
    let count = 0;
    for (const event of this.#queue) {
      if (!event.pieces.every(isReleased)) break;
      this.#out.push(bytesOf(event));
      if (isContent(event)) this.#hasContent = true;
      count++;
    }
    if (count === 0) return;
    this.#queue = this.#queue.slice(count);
    if (this.#hasContent) this.#committed.resolve();
    this.#flush();
  }

  #flush(): void {
    if (this.#sink === undefined || this.#out.length === 0) return;
    const out = this.#out;
    this.#out = [];
    this.#sink.chunk(Buffer.concat(out));
  }

  #guardedSource(): ChunkSource {
    return {
      start: (sink) => {
        this.#sink = sink;
        this.#flush();
        if (this.#end !== undefined) this.#tellEnd();
      },
      pause: () => this.#source.pause(),
      resume: () => this.#source.resume(),
      cancel: (failure) => this.#refuse(failure),
    };
  }

  /** What the client got: the record, and whoever checks the answer, must see no more. */
  #completion(end: Completion): Completion {
    return {
      ...end,
      failure: this.#end?.failure ?? end.failure,
      choices: end.choices.map((choice) => this.#shownChoice(choice)),
    };
  }

  #shownChoice(choice: Choice): Choice {
    const all = this.#allParts(choice.index);
    return {
      ...choice,
      content: shownText(all, "content", choice.content),
      refusal: shownText(all, "refusal", choice.refusal),
      toolCalls: choice.toolCalls.map((call, index) => ({
        ...call,
        arguments: shownArguments(all, index) ?? call.arguments,
      })),
    };
  }
}

type AllParts = readonly ReadonlyMap<string, Part>[];

/** The text with what was taken out of each of its parts. */
function shownText(all: AllParts, member: string, text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  let shown = "";
  let at = 0;
  for (const parts of all) {
    const part = parts.get(member);
    if (part?.kind !== "text") continue;
    shown += replaced(text.slice(at, at + part.length), 0, part.text.replacements);
    at += part.length;
  }
  return shown + text.slice(at);
}

/** Undefined where nothing was taken out. */
function shownArguments(all: AllParts, index: number): string | undefined {
  const parts = all.map((each) => each.get(`call ${index}`)).filter((part) => part?.kind === "call");
  if (!parts.some(({ redacted }) => redacted !== undefined)) return undefined;
  return parts.map((part) => part.redacted ?? part.arguments).join("");
}
