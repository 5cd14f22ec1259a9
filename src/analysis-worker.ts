/** The composition root of the statistics' thread: one source of facts, one analyst, one question at a time. */
import { parentPort, workerData } from "node:worker_threads";
import { FactAnalyst } from "./analysis/analyst.ts";
import type { AnalysisAnswer, AnalysisQuestion } from "./jobs/analysis-thread.ts";
import { openFactSource } from "./stores/sqlite/fact-source.ts";

// Made by jobs/analysis-thread.ts alone, which gives the path of the store.
const { path } = workerData as { readonly path: string };
const analyst = new FactAnalyst(openFactSource(path), () => Date.now());

parentPort?.on("message", (question: AnalysisQuestion) => {
  parentPort?.postMessage(answerTo(question));
});

function answerTo(question: AnalysisQuestion): AnalysisAnswer {
  const { id } = question;
  try {
    switch (question.kind) {
      case "results":
        return { id, text: JSON.stringify(analyst.results(question.plan)) };
      case "stats":
        return { id, text: JSON.stringify(analyst.stats(question.plan)) };
      case "ramp":
        return { id, text: JSON.stringify(analyst.ramp(question.question)) };
      case "warm":
        analyst.warm(question.experimentIds);
        return { id, text: "" };
    }
  } catch (error) {
    return { id, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
}
