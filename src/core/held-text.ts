/** Holds the end of a growing text back until it is sure that nothing begins in it that must not be shown. */
import type { Replacement } from "./guardrail-spans.ts";
import { merged } from "./guardrail-spans.ts";

/** What looks at the text. */
export interface TextWatch {
  /** Longest finding that it promises to see, in UTF-16 units. */
  readonly windowChars: number;
  /** What it finds may not be shown as it is. */
  readonly isActing: boolean;
  /** Finds what it looks for in a part of the text. */
  readonly find: (part: string) => readonly Replacement[];
  /** Told once of each finding that is certain: more text cannot change it any more. */
  readonly found: (finding: Replacement) => void;
}

/** Text is looked at each time that it has grown by a quarter of the window. */
const looksInWindow = 4;
const leastStep = 64;
/** A finding at the edge of what is here may yet turn into none: so many characters must follow it. */
const certainAfter = 32;
/** To the left of what is shown: what a rule looks back at, and where a word begins. */
const contextChars = 256;
/** A finding that goes on and on is not waited for any longer. */
const mostHeld = 16_384;
/** A token, key or address is one word, and no part of it is shown before its end is here. What is longer is none of these. */
const longestWord = 4096;

/**
 * Looks at the text at fixed lengths, never at what happens to have arrived: however a text is cut into pieces, the same is found,
 * shown and replaced. What is at most as long as its watch's window is never shown in part.
 */
export class HeldText {
  readonly #watches: readonly TextWatch[];
  readonly #window: number;
  readonly #step: number;
  /** How far to the left of what is shown text is kept. */
  readonly #lookBack: number;
  /** The text from `#base` on. */
  #text = "";
  #base = 0;
  #length = 0;
  #looked = 0;
  /** Findings that end before here have been told. */
  #told = 0;
  #shown = 0;
  readonly #replacements: Replacement[] = [];

  constructor(watches: readonly TextWatch[]) {
    this.#watches = watches;
    const acting = watches.filter(({ isActing }) => isActing).map(({ windowChars }) => windowChars);
    this.#window = acting.length === 0 ? 0 : Math.max(...acting) + certainAfter;
    const widest = Math.max(0, ...watches.map(({ windowChars }) => windowChars));
    this.#lookBack = contextChars + Math.max(0, widest + certainAfter - this.#window);
    this.#step = Math.max(leastStep, Math.floor(widest / looksInWindow));
  }

  /** Length of the text that may be shown, with `replacements` made in it. */
  get shown(): number {
    return this.#shown;
  }

  /** Of what may be shown, in the order of the text. Positions are those of the text as it came. */
  get replacements(): readonly Replacement[] {
    return this.#replacements;
  }

  /** False when a finding goes on for longer than anything is held back. */
  push(piece: string): boolean {
    this.#text += piece;
    this.#length += piece.length;
    while (this.#looked + this.#step <= this.#length) {
      if (!this.#look(this.#looked + this.#step, false)) return false;
    }
    return true;
  }

  /** The text is whole, and all of it may be shown. */
  end(): void {
    this.#look(this.#length, true);
  }

  #look(to: number, isWhole: boolean): boolean {
    const from = this.#contextStart();
    const part = this.#text.slice(from - this.#base, to - this.#base);
    this.#looked = to;
    const certain = isWhole ? to : to - certainAfter;
    const told = this.#told;
    this.#told = Math.max(told, certain);
    const places: Replacement[] = [];
    for (const { find, found, isActing } of this.#watches) {
      for (const { start, end, label } of find(part)) {
        const place = { start: start + from, end: end + from, label };
        if (place.end > told && place.end <= certain) found(place);
        if (!isActing || place.end <= this.#shown) continue;
        places.push({ ...place, start: Math.max(place.start, this.#shown) });
      }
    }
    return this.#show(merged(places), to, isWhole);
  }

  #show(places: readonly Replacement[], to: number, isWhole: boolean): boolean {
    let shown = isWhole ? to : this.#wordStart(Math.max(this.#shown, to - this.#window));
    for (const { start, end } of places) {
      if (start < shown && end > shown) shown = Math.max(this.#shown, start);
    }
    if (to - shown > mostHeld + this.#window) return false;
    const sure = places.filter(({ start, end }) => end <= shown && start >= this.#shown);
    this.#replacements.push(...sure);
    this.#shown = shown;
    const keepsFrom = this.#contextStart();
    this.#text = this.#text.slice(keepsFrom - this.#base);
    this.#base = keepsFrom;
    return true;
  }

  /** Where the word begins that would be cut here; here, where none would. */
  #wordStart(at: number): number {
    if (this.#window === 0 || !isWordCharacter(this.#codeAt(at))) return at;
    const earliest = Math.max(this.#shown, at - longestWord);
    let start = at;
    while (start > earliest && isWordCharacter(this.#codeAt(start - 1))) start--;
    return start === earliest && start > this.#shown ? at : start;
  }

  #codeAt(at: number): number {
    return this.#text.charCodeAt(at - this.#base);
  }

  /** Where a word begins, not too far to the left: a rule that began in its middle would see another text. */
  #contextStart(): number {
    const earliest = Math.max(this.#base, this.#shown - this.#lookBack);
    if (earliest === 0) return 0;
    for (let at = earliest; at < this.#shown; at++) {
      if (isSpace(this.#codeAt(at - 1))) return at;
    }
    return earliest;
  }
}

/** Printable ASCII but quotes, brackets and the marks that end a sentence's part: what keys, tokens, addresses and links are made of. */
function isWordCharacter(code: number): boolean {
  return code > 0x20 && code < 0x7f && wordCharacters[code] === 1;
}

const wordCharacters = Uint8Array.from({ length: 128 }, (_, code) =>
  /[A-Za-z0-9_.~+/=:@%#&?-]/.test(String.fromCharCode(code)) ? 1 : 0,
);

function isSpace(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}
