import {
  isAadhaar,
  isBsn,
  isChineseId,
  isCodiceFiscale,
  isCpf,
  isGermanTaxId,
  isNhsNumber,
  isNir,
  isPersonnummer,
  isPesel,
  isSin,
  isSpanishId,
  isSsn,
  isTfn,
} from "./redaction-id-checks.ts";
import {
  characterTable,
  compact,
  endOfMatch,
  type Finding,
  type RedactionRule,
} from "./redaction-matcher.ts";

interface NationalId {
  readonly name: string;
  /** Lengths of the runs of digits, and what stands between them; a space stands for a no-break space, too. */
  readonly spellings?: readonly string[];
  /** With letters: the length of its first run of digits, what stands before that, and the whole. */
  readonly lettered?: readonly { readonly run: number; readonly before: number; readonly pattern: RegExp }[];
  readonly isValid: (id: string) => boolean;
  /** Words of which one must stand near it: the source of a pattern that ignores case. */
  readonly near?: string;
}

const anyId =
  "national[ _-]?(?:id|insurance)|(?:identity|(?<![a-z])id|personal|citizen|tax(?:payer)?)[ _-]?(?:number|num|no|code)(?![a-z])|(?<![a-z])tax[ _-]?id|(?<![a-z])tin(?![a-z])";

const ids: readonly NationalId[] = [
  { name: "us_ssn", spellings: ["3-2-4"], isValid: isSsn },
  {
    name: "us_ssn",
    spellings: ["9", "3 2 4", "3.2.4"],
    isValid: isSsn,
    near: "ssn|social[ _-]?sec",
  },
  {
    name: "uk_nhs_number",
    spellings: ["10", "3 3 4", "3-3-4"],
    isValid: isNhsNumber,
    near: "nhs|national health|patient",
  },
  {
    name: "de_tax_id",
    spellings: ["11", "2 3 3 3", "2 3 3 2 1"],
    isValid: isGermanTaxId,
    near: "steuer|\\bid-?nr",
  },
  {
    name: "fr_nir",
    spellings: ["15", "1 2 2 2 3 3 2", "13 2", "1-2-2-2-3-3-2", "1.2.2.2.3.3.2"],
    lettered: [
      { run: 6, before: 0, pattern: /\d{5}2[AB]\d{8}/iy },
      { run: 1, before: 0, pattern: /\d \d\d \d\d 2[AB] \d{3} \d{3} \d\d/iy },
    ],
    isValid: isNir,
  },
  {
    name: "es_dni",
    lettered: [
      { run: 8, before: 0, pattern: /\d{8}[- ]?[A-HJ-NP-TV-Z]/iy },
      { run: 2, before: 0, pattern: /\d\d\.\d{3}\.\d{3}[- ]?[A-HJ-NP-TV-Z]/iy },
      { run: 7, before: 1, pattern: /[XYZ]\d{7}[- ]?[A-HJ-NP-TV-Z]/iy },
      { run: 7, before: 2, pattern: /[XYZ]-\d{7}-?[A-HJ-NP-TV-Z]/iy },
    ],
    isValid: isSpanishId,
  },
  {
    name: "it_codice_fiscale",
    lettered: [
      { run: 2, before: 6, pattern: /[A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z]/iy },
      { run: 2, before: 8, pattern: /[A-Z]{3} [A-Z]{3} \d\d[A-EHLMPRST]\d\d [A-Z]\d{3}[A-Z]/iy },
    ],
    isValid: isCodiceFiscale,
  },
  {
    name: "nl_bsn",
    spellings: ["9", "3 3 3", "3.3.3", "4.2.3", "4 2 3"],
    isValid: isBsn,
    near: "bsn|burger[ -]?service|sofi[ -]?(?:nummer|number)|citizen service",
  },
  {
    name: "se_personnummer",
    spellings: ["6-4", "8-4", "6+4", "10", "12", "6 4", "8 4"],
    isValid: isPersonnummer,
    near: "person[ _-]?(?:nummer|numret|nr)|(?<![a-z])pnr(?![a-z])|samordnings|(?:personal|swedish)[ _-]?(?:identity|id|number)",
  },
  { name: "pl_pesel", spellings: ["11"], isValid: isPesel, near: "pesel" },
  { name: "br_cpf", spellings: ["3.3.3-2"], isValid: isCpf },
  { name: "br_cpf", spellings: ["11", "9-2", "3 3 3 2"], isValid: isCpf, near: "cpf|cadastro" },
  {
    name: "in_aadhaar",
    spellings: ["12", "4 4 4", "4-4-4"],
    isValid: isAadhaar,
    near: "aad?haa?r|uidai|आधार",
  },
  {
    name: "cn_resident_id",
    spellings: ["18"],
    lettered: [{ run: 17, before: 0, pattern: /\d{17}X/iy }],
    isValid: isChineseId,
  },
  {
    name: "ca_sin",
    spellings: ["9", "3 3 3", "3-3-3"],
    isValid: isSin,
    near: "(?<![a-z])(?:sin|nas)(?![a-z])|social[ _-]?insurance|assurance[ _-]?sociale",
  },
  {
    name: "au_tfn",
    spellings: ["9", "3 3 3", "3-3-3"],
    isValid: isTfn,
    near: "tfn|tax[ _-]?file",
  },
];

/**
 * Numbers that states give to persons, by spelling and checksum. Where one number in ten passes the check, a word that
 * names the number must stand near it, too: the number of an order or a part is not taken for one.
 *
 * One walk over the text looks at each run of digits once: what a spelling begins with says how long its first run is.
 */
export const nationalIds: RedactionRule = {
  names: [...new Set(ids.map(({ name }) => name))],
  find: findIds,
  normalise: compact,
};

/** Characters before and after a number in which its name is looked for. */
const nearBefore = 64;
const nearAfter = 32;
const longestRun = 18;
const notDigit = characterTable(/[A-Za-z. \u00a0-]/);

interface Spelling {
  readonly id: NationalId;
  readonly before: number;
  /** What may follow the first run; undefined for its end being that of the number. */
  readonly next: Uint8Array | undefined;
  readonly pattern: RegExp;
}

/** By the length of the first run of digits. */
const spellingsByRun: readonly (readonly Spelling[])[] = Array.from({ length: longestRun + 1 }, (_, run) =>
  ids.flatMap((id) => [
    ...(id.spellings ?? []).filter((one) => Number.parseInt(one, 10) === run).map((one) => spelt(id, one)),
    ...(id.lettered ?? []).filter((one) => one.run === run).map((one) => ({ ...one, id, next: notDigit })),
  ]),
);

function spelt(id: NationalId, spelling: string): Spelling {
  const parts = spelling.split(/([ +.-])/).map((part) => {
    if (part === " ") return "[ \\u00a0]";
    return /\d/.test(part) ? `\\d{${part}}` : `\\${part}`;
  });
  const next = parts[1] === undefined ? undefined : characterTable(new RegExp(parts[1]));
  return { id, before: 0, next, pattern: new RegExp(parts.join(""), "y") };
}

function findIds(text: string): readonly Finding[] {
  const findings: Finding[] = [];
  const isNamed = namesNear(text);
  let from = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (isDigit[text.charCodeAt(at)] !== 1) continue;
    let end = at + 1;
    while (isDigit[text.charCodeAt(end)] === 1) end += 1;
    const finding = end - at > longestRun ? undefined : idAt({ text, at, end, from, isNamed });
    if (finding !== undefined) {
      findings.push(finding);
      from = finding.end;
    }
    at = Math.max(end, from) - 1;
  }
  return findings;
}

interface Run {
  readonly text: string;
  readonly at: number;
  readonly end: number;
  /** Where the last finding ended. */
  readonly from: number;
  readonly isNamed: (id: NationalId, start: number, end: number) => boolean;
}

function idAt({ text, at, end: runEnd, from, isNamed }: Run): Finding | undefined {
  const following = text.charCodeAt(runEnd);
  for (const { id, before, next, pattern } of spellingsByRun[runEnd - at] ?? []) {
    const start = at - before;
    if (next !== undefined && next[following] !== 1) continue;
    if (start < from || isAlphanumeric[text.charCodeAt(start - 1)] === 1 || goesOn(text, start - 1, -1))
      continue;
    const end = endOfMatch(pattern, text, start);
    if (end === undefined || isAlphanumeric[text.charCodeAt(end)] === 1 || goesOn(text, end, 1)) continue;
    if (isNamed(id, start, end) && id.isValid(compact(text.slice(start, end))))
      return { start, end, rule: id.name };
  }
  return undefined;
}

/** A longer number, of which this is a part. */
function goesOn(text: string, at: number, step: 1 | -1): boolean {
  return joins[text.charCodeAt(at)] === 1 && isDigit[text.charCodeAt(at + step)] === 1;
}

const isDigit = characterTable(/\d/);
const isAlphanumeric = characterTable(/[0-9A-Za-z]/);
const joins = characterTable(/[-.+]/);

interface Word {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Tells whether one of an id's words stands near a place, for places in the order of the text. Words are looked for once, when asked. */
function namesNear(text: string): Run["isNamed"] {
  let words: readonly Word[] | undefined;
  let first = 0;
  return (id, start, end) => {
    if (id.near === undefined) return true;
    words ??= Array.from(text.matchAll(anyWord), ({ 0: word, index }) => ({
      start: index,
      end: index + word.length,
      text: word,
    }));
    while (first < words.length && (words[first]?.start ?? 0) < start - nearBefore) first += 1;
    for (let at = first; at < words.length; at += 1) {
      const word = words[at];
      if (word === undefined || word.end > end + nearAfter) return false;
      if (isWordOf(id, word.text)) return true;
    }
    return false;
  };
}

const anyWord = new RegExp([...ids.flatMap(({ near }) => near ?? []), anyId].join("|"), "gi");
const wordsOf = new Map(ids.map((id) => [id, new RegExp(`^(?:${id.near ?? ""}|${anyId})$`, "i")]));

function isWordOf(id: NationalId, word: string): boolean {
  return wordsOf.get(id)?.test(word) ?? false;
}
