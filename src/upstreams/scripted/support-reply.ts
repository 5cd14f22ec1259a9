import { itemAt, seedOf } from "./random.ts";

export interface SupportReply {
  readonly reply: string;
  readonly escalate: boolean;
}

export interface SupportQuestion {
  readonly model: string;
  readonly question: string;
  /** Everything said in the request, the prompt included. */
  readonly prompt: string;
  readonly seed: number;
}

/**
 * What a support agent might write: the question's words pick the topic, the seed the wording, the prompt how
 * much is said.
 */
export function supportReply({ model, question, prompt, seed }: SupportQuestion): SupportReply {
  const topic = topics.find(({ words }) => words.test(question)) ?? otherTopic;
  // The opening differs by model as well, so that two variants do not read alike.
  const opening = itemAt(openings, seedOf(model, question, String(seed)));
  const sentences = [opening, itemAt(topic.answers, seed)];
  if (asksForNextStep.test(prompt)) sentences.push(topic.nextStep);
  const isSerious = serious.test(question);
  const isUnknown = topic === otherTopic && admitsLimits.test(prompt);
  if (isUnknown) sentences.push("I do not know enough about your case to be certain.");
  const escalate = isSerious || isUnknown || seed % 11 === 0;
  if (escalate) sentences.push("I have passed this on to a colleague, who will write to you.");
  return { reply: sentences.join(" "), escalate };
}

/** Whether the prompt asks for the answer of the shipped example, `prompts/support-reply`. */
export function asksForSupportReply(prompt: string): boolean {
  return /\bjson\b/i.test(prompt) && /\breply\b/.test(prompt) && /\bescalate\b/.test(prompt);
}

/** One seed's worth of plain prose, for requests that ask for no format. */
export function plainReply(seed: number, isLong: boolean): string {
  const first = itemAt(statements, seed);
  const second = itemAt(additions, seed >>> 8);
  const third = itemAt(closings, seed >>> 16);
  return isLong ? `${first} ${second} ${third}` : `${first} ${third}`;
}

const asksForNextStep = /what the customer should do next/i;
const admitsLimits = /do not know|don't know|not sure/i;
const serious =
  /\b(lawyer|legal|fraud|stolen|injur\w*|furious|angry|third time|a human|a person|manager|complain\w*)\b/i;

const openings = [
  "Thank you for writing to us.",
  "Thanks for getting in touch.",
  "Sorry for the trouble.",
  "Thanks for telling us about this.",
] as const;

interface Topic {
  readonly words: RegExp;
  readonly answers: readonly [string, ...string[]];
  readonly nextStep: string;
}

const topics: readonly Topic[] = [
  {
    words: /\b(refund\w*|money back|charged?|double|overcharg\w*)\b/i,
    answers: [
      "A refund goes back to the card you paid with and usually arrives within five working days.",
      "I can see why that charge is a surprise; when an amount was taken twice, the second one is returned.",
    ],
    nextStep: "Please open Billing, choose the payment and press Request refund.",
  },
  {
    words: /\b(password|log ?in|sign ?in|locked|two-factor|2fa|code)\b/i,
    answers: [
      "You can set a new password from the sign-in page, and the link we send is valid for one hour.",
      "After five wrong tries an account is locked for fifteen minutes and then opens by itself.",
    ],
    nextStep: "Please press Forgot password on the sign-in page and follow the link in the message.",
  },
  {
    words: /\b(order\w*|deliver\w*|parcel|package|shipping|shipped|arriv\w*|track\w*)\b/i,
    answers: [
      "Your parcel has left our warehouse, and most deliveries take two to four working days.",
      "The carrier updates the tracking page once a day, so a gap of a day is normal.",
    ],
    nextStep:
      "Please check the tracking link in your confirmation, and write again if nothing has moved by tomorrow.",
  },
  {
    words: /\b(invoice\w*|bill\w*|vat|receipt\w*|tax)\b/i,
    answers: [
      "Every invoice is kept in your account and can be downloaded as a PDF.",
      "A change of the company name or tax number shows on the next invoice.",
    ],
    nextStep: "Please open Billing and choose Invoices.",
  },
  {
    words: /\b(cancel\w*|subscription|downgrade|plan|unsubscribe)\b/i,
    answers: [
      "You can end a subscription at any time, and it stays active until the paid month is over.",
      "Changing to a smaller plan takes effect on the next billing date, and nothing is lost.",
    ],
    nextStep: "Please open Settings, then Plan, and choose the change you want.",
  },
  {
    words: /\b(crash\w*|bug|error|broken|slow|freez\w*|not work\w*|doesn't work|does not work)\b/i,
    answers: [
      "This often goes away after an update, because the latest version mends several such errors.",
      "An old session can cause this; signing out and in again clears it.",
    ],
    nextStep: "Please install the latest version and tell us the exact message if it comes back.",
  },
];

const otherTopic: Topic = {
  words: /^/,
  answers: [
    "I have looked at your question, and our guide covers most of it under Getting started.",
    "That is possible, and most customers set it up in a few minutes from the settings page.",
  ],
  nextStep: "Please look at the guide first, and write back with what you see on your screen.",
};

const statements = [
  "The short answer is yes, with one condition that is easy to meet.",
  "It depends on two things: how much data there is and how fresh it has to be.",
  "Most people start with the simplest version and improve it once they see where it falls short.",
  "There are three common ways, and the second one suits most cases.",
  "The usual cause is a setting that was changed without anyone noticing.",
] as const;

const additions = [
  "Begin with a small example, measure it, and only then decide what to change.",
  "The first option costs less, while the second is quicker to put in place.",
  "Write down what you expect before you try it, so that the result can surprise you.",
  "A table with one row for each case makes the difference plain.",
] as const;

const closings = [
  "Tell me more about your case and I can be more exact.",
  "I would try that first.",
  "If that does not help, look at the most recent change.",
  "That should be enough to get going.",
] as const;
