/**
 * One spelling for the many that look alike: compatibility forms (NFKC), small letters, no accents, no invisible
 * characters, and Latin letters for the Greek and Cyrillic ones that pass for them inside a Latin word. Positions are lost.
 */
export function normalText(text: string): string {
  if (isPlainAscii(text)) return text.toLowerCase();
  const visible = normalized(text, "NFKC").replace(invisible, "").toLowerCase();
  const plain = visible.normalize("NFD").replace(accents, "").normalize("NFC");
  // A word all of one script is a word of its language.
  return plain.replace(lettersInRow, (word) =>
    /[a-z]/.test(word) && lookAlike.test(word) ? latinised(word) : word,
  );
}

/**
 * `String.prototype.normalize` in linear time: it sorts the marks of one letter, in time that grows with the square of
 * their number. More than 30 stand on no letter of any language (UAX #15, section 13); what comes after is left out.
 */
export function normalized(text: string, form: "NFC" | "NFKC"): string {
  return text.replace(/(\p{M}{30})\p{M}+/gu, "$1").normalize(form);
}

function isPlainAscii(text: string): boolean {
  return !/[^\t\n\r -~]/.test(text);
}

/** Of Latin, Greek and Cyrillic letters, and the vowels that Hebrew and Arabic may leave out; elsewhere a mark is a letter. */
const accents = /[\u0300-\u036f]|[\u0591-\u05c7]|[\u064b-\u0652]/g;

/** Format characters and what else takes no room: zero-width, bidirectional, tags, variation selectors, Hangul fillers. */
const invisible = /\p{Cf}|\p{Variation_Selector}|\u115f|\u1160|\u3164|\uffa0|\u034f/gu;

const lettersInRow = /[\p{sc=Latin}\p{sc=Cyrillic}\p{sc=Greek}]+/gu;
const lookAlike = /[\p{sc=Cyrillic}\p{sc=Greek}]/u;

const lookAlikes: Readonly<Record<string, string>> = {
  ...{
    а: "a",
    в: "b",
    е: "e",
    һ: "h",
    і: "i",
    ј: "j",
    к: "k",
    м: "m",
    н: "h",
    о: "o",
    р: "p",
    ѕ: "s",
    с: "c",
  },
  ...{ т: "t", у: "y", х: "x", ԁ: "d", ԛ: "q", ԝ: "w", г: "r", п: "n", ѵ: "v", ӏ: "l", є: "e", ь: "b" },
  ...{
    α: "a",
    β: "b",
    ε: "e",
    η: "n",
    ι: "i",
    κ: "k",
    μ: "u",
    ν: "v",
    ο: "o",
    ρ: "p",
    σ: "o",
    τ: "t",
    υ: "u",
  },
  ...{ χ: "x", ω: "w", γ: "y", ς: "c" },
};

function latinised(word: string): string {
  return word.replace(/[^a-z]/g, (letter) => lookAlikes[letter] ?? letter);
}

/** Words of normal text: runs of letters and digits, and each character of the scripts that put no space between words. */
export function wordsOf(normal: string): readonly string[] {
  return normal.match(words) ?? [];
}

const words =
  /[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}]|(?:(?![\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmer}\p{sc=Myanmar}])[\p{L}\p{N}\p{M}])+/gu;
