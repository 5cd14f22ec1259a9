/** What a text for people may use: signs beyond ASCII, colours, and how wide it may be. */

export interface Screen {
  readonly isUnicode: boolean;
  readonly isColoured: boolean;
}

export type Colour = "green" | "red" | "yellow" | "bold" | "dim";

/** Columns that no line of ours exceeds. */
export const screenWidth = 100;

/** POSIX: LC_ALL wins over LC_CTYPE, and that over LANG. Colours want a terminal, and no NO_COLOR (no-color.org). */
export function screenOf(env: Readonly<Record<string, string | undefined>>, isTerminal: boolean): Screen {
  const locale = [env.LC_ALL, env.LC_CTYPE, env.LANG].find((value) => value !== undefined && value !== "");
  const wantsNone = (env.NO_COLOR ?? "") !== "" || env.TERM === "dumb";
  return { isUnicode: /utf-?8/i.test(locale ?? ""), isColoured: isTerminal && !wantsNone };
}

const codes: Readonly<Record<Colour, string>> = {
  green: "\x1b[32m",
  red: "\x1b[31m",
  yellow: "\x1b[33m",
  bold: "\x1b[1m",
  dim: "\x1b[2m",
};

export function paint(text: string, colour: Colour | undefined, screen: Screen): string {
  return screen.isColoured && colour !== undefined ? `${codes[colour]}${text}\x1b[0m` : text;
}

/** A text of a server or a file as the screen can show it: in one line, and without what a terminal would obey. */
export function shownText(text: string, screen: Screen): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
  return screen.isUnicode ? line : line.replace(/[^\x20-\x7e]/gu, (sign) => inAscii[sign] ?? "?");
}

const inAscii: Readonly<Record<string, string>> = {
  "\u00a0": " ",
  "\u202f": " ",
  "±": "+/-",
  "×": "x",
  "·": ".",
  "–": "-",
  "—": "-",
  "−": "-",
  "…": "...",
  "‘": "'",
  "’": "'",
  "“": '"',
  "”": '"',
  "≤": "<=",
  "≥": ">=",
  "→": "->",
  "∞": "inf",
  α: "alpha",
};

/** Lines of at most `width` columns, the later ones begun by `indent`; a word that is longer stays whole. */
export function wrapped(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  let line: string | undefined;
  for (const word of text.split(" ").filter((one) => one !== "")) {
    if (line === undefined) line = word;
    else if (line.length + 1 + word.length <= width) line = `${line} ${word}`;
    else {
      lines.push(line);
      line = `${indent}${word}`;
    }
  }
  return line === undefined ? lines : [...lines, line];
}
