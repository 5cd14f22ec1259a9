/** Check digits as the issuers describe how to make them; the rules only test them, by code of their own. */

export function luhnDigit(body: string): string {
  const sum = [...body].reverse().reduce((total, digit, index) => {
    const value = Number(digit) * (index % 2 === 0 ? 2 : 1);
    return total + Math.floor(value / 10) + (value % 10);
  }, 0);
  return String((10 - (sum % 10)) % 10);
}

export function weightedSum(body: string, weights: readonly number[]): number {
  return [...body].reduce((sum, digit, index) => sum + Number(digit) * (weights[index] ?? 0), 0);
}

/** ISO 7064, mod 11,10. */
export function hybridDigit(body: string): string {
  let rest = 10;
  for (const digit of body) {
    rest = (rest + Number(digit)) % 10;
    if (rest === 0) rest = 10;
    rest = (rest * 2) % 11;
  }
  return String((11 - rest) % 10);
}

const multiplication = [
  "0123456789",
  "1234067895",
  "2340178956",
  "3401289567",
  "4012395678",
  "5987604321",
  "6598710432",
  "7659821043",
  "8765932104",
  "9876543210",
];
const permutation = [
  "0123456789",
  "1576283094",
  "5803796142",
  "8916043527",
  "9453126870",
  "4286573901",
  "2793806415",
  "7046913258",
];

/** By Verhoeff's own tables. */
export function verhoeffDigit(body: string): string {
  const inverse = "0432156789";
  let state = 0;
  [...body].reverse().forEach((digit, index) => {
    const permuted = Number(permutation[(index + 1) % 8]?.[Number(digit)]);
    state = Number(multiplication[state]?.[permuted]);
  });
  return inverse.charAt(state);
}

/** ISO 13616: 98 less the rest modulo 97 of the account and the country behind it. */
export function ibanCheck(country: string, account: string): string {
  const number = `${account}${country}00`.replaceAll(/[A-Z]/g, (letter) => String(letter.charCodeAt(0) - 55));
  return String(98n - (BigInt(number) % 97n)).padStart(2, "0");
}

const oddValues: Readonly<Record<string, number>> = Object.fromEntries(
  "0=1 1=0 2=5 3=7 4=9 5=13 6=15 7=17 8=19 9=21 A=1 B=0 C=5 D=7 E=9 F=13 G=15 H=17 I=19 J=21 K=2 L=4 M=18 N=20 O=11 P=3 Q=6 R=8 S=12 T=14 U=16 V=10 W=22 X=25 Y=24 Z=23"
    .split(" ")
    .map((entry) => [entry.charAt(0), Number(entry.slice(2))]),
);

export function codiceFiscaleLetter(body: string): string {
  const sum = [...body].reduce((total, character, index) => {
    const even = /\d/.test(character) ? Number(character) : character.charCodeAt(0) - 65;
    return total + (index % 2 === 0 ? (oddValues[character] ?? 0) : even);
  }, 0);
  return String.fromCharCode(65 + (sum % 26));
}
