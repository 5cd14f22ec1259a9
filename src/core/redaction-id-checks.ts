/** Checks of numbers that states give to persons. Each takes the digits (and letters) alone, of the right length. */

/** Great Britain's NHS number: weights 10 to 2, modulo 11 (NHS data dictionary). */
export function isNhsNumber(id: string): boolean {
  return weighted(id, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]) % 11 === 0 && !isOneDigit(id);
}

/**
 * Germany's tax id: ISO 7064 mod 11,10; of the first ten digits one comes twice or three times, and the others that are
 * there once (§ 139b AO and the Bundeszentralamt's note of 2016).
 */
export function isGermanTaxId(id: string): boolean {
  const first = id.slice(0, 10);
  const counts = [...new Set(first)]
    .map((digit) => first.split(digit).length - 1)
    .filter((count) => count > 1);
  if (id.startsWith("0") || counts.length !== 1 || (counts[0] ?? 0) > 3) return false;
  let product = 10;
  for (const digit of first) {
    const sum = (Number(digit) + product) % 10 || 10;
    product = (2 * sum) % 11;
  }
  return (11 - product) % 10 === Number(id[10]);
}

/** France's NIR: 97 less the rest of the first thirteen; Corsica's 2A and 2B count as 19 and 18 (INSEE). */
export function isNir(id: string): boolean {
  const month = Number(id.slice(3, 5));
  const isMonth = (month >= 1 && month <= 12) || (month >= 20 && month <= 42) || month >= 50;
  if (!/^[1-478]/.test(id) || !isMonth) return false;
  const body = id.slice(0, 13).replace(/2A/i, "19").replace(/2B/i, "18");
  return 97 - (Number(body) % 97) === Number(id.slice(13));
}

/** Spain's DNI and NIE: the rest modulo 23 picks the letter (Real Decreto 1553/2005). */
export function isSpanishId(id: string): boolean {
  const number = id.toUpperCase().replace(/^[XYZ]/, (letter) => String("XYZ".indexOf(letter)));
  return "TRWAGMYFPDXBNJZSQVHLCKE"[Number(number.slice(0, -1)) % 23] === number.at(-1);
}

/** Italy's codice fiscale: values by odd and even place, modulo 26 (DM 23/12/1976). */
export function isCodiceFiscale(id: string): boolean {
  const code = id.toUpperCase();
  let sum = 0;
  for (let index = 0; index < 15; index += 1) {
    const character = code.charCodeAt(index);
    const value = character < 0x41 ? character - 0x30 : character - 0x41;
    sum += index % 2 === 0 ? (oddPlaces[value] ?? 0) : value;
  }
  return sum % 26 === code.charCodeAt(15) - 0x41;
}

const oddPlaces = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

/** The Netherlands' BSN: weights 9 to 2 and −1, modulo 11. */
export function isBsn(id: string): boolean {
  return weighted(id, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0 && !isOneDigit(id);
}

/** Sweden's personnummer, and the number of coordination whose day is 60 more: Luhn over the last ten digits. */
export function isPersonnummer(id: string): boolean {
  const last = id.slice(-10);
  const day = Number(last.slice(4, 6));
  return isDay(Number(last.slice(2, 4)), day > 60 ? day - 60 : day) && isLuhn(last);
}

/** Poland's PESEL: weights 1, 3, 7, 9; the century is in the month (ustawa o ewidencji ludności, art. 15). */
export function isPesel(id: string): boolean {
  const month = Number(id.slice(2, 4)) % 20;
  return isDay(month, Number(id.slice(4, 6))) && weighted(id, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]) % 10 === 0;
}

/** Brazil's CPF: two digits modulo 11 (Receita Federal). */
export function isCpf(id: string): boolean {
  const check = (length: number) => {
    const weights = Array.from({ length }, (_, index) => length + 1 - index);
    return ((weighted(id, weights) * 10) % 11) % 10 === Number(id[length]);
  };
  return check(9) && check(10) && !isOneDigit(id);
}

/** India's Aadhaar: Verhoeff's scheme (1969), over the dihedral group of order ten. */
export function isAadhaar(id: string): boolean {
  let state = 0;
  for (let place = 0; place < id.length; place += 1) {
    const digit = Number(id[id.length - 1 - place]);
    state = dihedral(state, permuted(digit, place));
  }
  return state === 0 && /^[2-9]/.test(id);
}

/** Composition of the pentagon's symmetries: 0 to 4 turn it, 5 to 9 turn its mirror image. */
function dihedral(left: number, right: number): number {
  const turn = left < 5 ? left + right : left - right;
  const isMirrored = left < 5 !== right < 5;
  return (((turn % 5) + 5) % 5) + (isMirrored ? 5 : 0);
}

/** Verhoeff's permutation, applied `times` times. */
function permuted(digit: number, times: number): number {
  let value = digit;
  for (let left = times % 8; left > 0; left -= 1) value = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4][value] ?? value;
  return value;
}

/** China's resident id: ISO 7064 mod 11-2 (GB 11643-1999). */
export function isChineseId(id: string): boolean {
  const isDate =
    /^[1-8]\d{5}(?:19|20)\d\d/.test(id) && isDay(Number(id.slice(10, 12)), Number(id.slice(12, 14)));
  const sum = weighted(id, [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]);
  return isDate && "10X98765432"[sum % 11] === id.at(-1)?.toUpperCase();
}

/** Canada's SIN: Luhn; none begins with 0 or 8. */
export function isSin(id: string): boolean {
  return /^[1-79]/.test(id) && isLuhn(id);
}

/** Australia's TFN of nine digits: modulo 11. */
export function isTfn(id: string): boolean {
  return weighted(id, [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0 && !isOneDigit(id);
}

/** It has no checksum. Areas 000, 666 and 900 on, group 00 and serial 0000 were never issued (SSA, 2011). */
export function isSsn(id: string): boolean {
  return /^(?!000|666|9)\d{3}(?!00)\d{2}(?!0000)\d{4}$/.test(id) && !isOneDigit(id);
}

function weighted(id: string, weights: readonly number[]): number {
  return weights.reduce((sum, weight, index) => sum + weight * Number(id[index]), 0);
}

function isOneDigit(id: string): boolean {
  return id === id.charAt(0).repeat(id.length);
}

function isDay(month: number, day: number): boolean {
  return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

function isLuhn(id: string): boolean {
  const sum = [...id].reduceRight((total, digit, index) => {
    const doubled = Number(digit) * ((id.length - index) % 2 === 0 ? 2 : 1);
    return total + (doubled > 9 ? doubled - 9 : doubled);
  }, 0);
  return sum % 10 === 0;
}
