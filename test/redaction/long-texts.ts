import { base64Url, type Chance, digits } from "./chance.ts";

const words = [
  "the quick brown fox jumps over a lazy dog while the system returns an answer about latency and cost.",
  "Please summarise the following paragraph: customers in Berlin wrote that delivery took 3 days.",
  "Le service était correct, mais la livraison a pris plus de temps que prévu.",
].flatMap((sentence) => sentence.split(" "));

/** Texts of this length that the rules find little in, for their time. */
export function longTexts(chance: Chance, length: number): Readonly<Record<string, string>> {
  const repeat = (piece: () => string) => {
    let text = "";
    while (text.length < length) text += piece();
    return text.slice(0, length);
  };
  const word = () => words[chance.integer(words.length)] ?? "";
  return {
    prose: repeat(() => `${word()} `),
    JSON: repeat(
      () =>
        `{"id":"req_${chance.text(digits, 9)}","name":"${word()}","total":${chance.integer(99)}.50,"at":"2026-01-02T03:04:05Z"},`,
    ),
    numbers: repeat(
      () => chance.text(digits, 3 + chance.integer(10)) + chance.pick([" ", "-", ", ", "\n", ":", "."]),
    ),
    tokens: repeat(
      () => chance.text(base64Url, 20 + chance.integer(30)) + chance.pick([" ", "\n", "=", ": ", '"']),
    ),
  };
}
