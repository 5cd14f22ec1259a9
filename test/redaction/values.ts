/** Personal numbers and secrets that chance makes, in the spellings that people use. Nobody's. */
import { base62, base64Url, type Chance, capitals, digits, hex } from "./chance.ts";
import {
  codiceFiscaleLetter,
  hybridDigit,
  ibanCheck,
  luhnDigit,
  verhoeffDigit,
  weightedSum,
} from "./check-digits.ts";

export interface Kind {
  readonly rule: string;
  /** Found for certain: it has a checksum. */
  readonly isChecked: boolean;
  /** How people call it, in prose and as a name of a field; a word of it must stand near some kinds. */
  readonly labels: readonly [string, ...string[]];
  readonly keys: readonly [string, ...string[]];
  readonly isNamed?: boolean;
  readonly make: (chance: Chance) => string;
}

const two = (value: number) => String(value).padStart(2, "0");
const date = (chance: Chance) => two(1 + chance.integer(12)) + two(1 + chance.integer(28));

function spaced(text: string, sizes: readonly number[], separator: string): string {
  let from = 0;
  const parts = sizes.map((size) => {
    from += size;
    return text.slice(from - size, from);
  });
  return parts.join(separator);
}

/** Bodies until one has a check digit. */
function until(make: () => string | undefined): string {
  for (;;) {
    const made = make();
    if (made !== undefined) return made;
  }
}

function card(chance: Chance): string {
  const [prefix, length] = chance.pick<readonly [string, number]>([
    ["4", 16],
    ["51", 16],
    ["2221", 16],
    ["6011", 16],
    ["34", 15],
    ["36", 14],
    ["3528", 16],
  ]);
  const body = prefix + chance.text(digits, length - prefix.length - 1);
  const number = body + luhnDigit(body);
  const sizes = length === 16 ? [4, 4, 4, 4] : length === 15 ? [4, 6, 5] : [4, 6, 4];
  return spaced(number, sizes, chance.pick(["", " ", "-", "\u00a0"]));
}

function iban(chance: Chance): string {
  const [country, account] = chance.pick([
    ["DE", chance.text(digits, 18)],
    ["FR", chance.text(digits, 20) + chance.text(base62.slice(0, 26), 1) + chance.text(digits, 2)],
    ["GB", chance.text(capitals, 4) + chance.text(digits, 14)],
    ["NL", chance.text(capitals, 4) + chance.text(digits, 10)],
    ["ES", chance.text(digits, 20)],
    ["NO", chance.text(digits, 11)],
  ]);
  const whole = country + ibanCheck(country, account) + account;
  const groups = whole.match(/.{1,4}/g) ?? [];
  return chance.pick([whole, groups.join(" "), groups.join("\u00a0"), whole.toLowerCase()]);
}

function nhs(chance: Chance): string {
  const number = until(() => {
    const body = chance.text("456789", 1) + chance.text(digits, 8);
    const rest = 11 - (weightedSum(body, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
    return rest === 10 ? undefined : body + String(rest % 11);
  });
  return spaced(number, [3, 3, 4], chance.pick(["", " ", "-"]));
}

function germanTaxId(chance: Chance): string {
  const order = [...digits]
    .map((digit) => ({ digit, at: chance.integer(1 << 30) }))
    .sort((a, b) => a.at - b.at);
  const nine = order.slice(1).map(({ digit }) => digit);
  nine.splice(chance.integer(9), 0, nine[chance.integer(9)] ?? "1");
  const body = nine.join("");
  if (body.startsWith("0")) return germanTaxId(chance);
  const id = body + hybridDigit(body);
  return chance.pick([id, spaced(id, [2, 3, 3, 3], " ")]);
}

function nir(chance: Chance): string {
  const isCorsican = chance.integer(8) === 0;
  const department = isCorsican ? chance.pick(["2A", "2B"]) : two(1 + chance.integer(95));
  const body =
    chance.pick(["1", "2"]) +
    chance.text(digits, 2) +
    two(1 + chance.integer(12)) +
    department +
    chance.text(digits, 6);
  const number = BigInt(body.replace("2A", "19").replace("2B", "18"));
  const whole = body + two(97 - Number(number % 97n));
  return chance.pick([whole, spaced(whole, [1, 2, 2, 2, 3, 3, 2], " ")]);
}

function spanish(chance: Chance): string {
  const letters = "TRWAGMYFPDXBNJZSQVHLCKE";
  if (chance.integer(3) === 0) {
    const first = chance.integer(3);
    const body = chance.text(digits, 7);
    const letter = letters.charAt(Number(`${first}${body}`) % 23);
    return chance.pick([`${"XYZ"[first]}${body}${letter}`, `${"XYZ"[first]}-${body}-${letter}`]);
  }
  const body = chance.text("1234567", 1) + chance.text(digits, 7);
  const letter = letters.charAt(Number(body) % 23);
  return chance.pick([body + letter, `${body}-${letter}`, `${spaced(body, [2, 3, 3], ".")}-${letter}`]);
}

function codiceFiscale(chance: Chance): string {
  const body =
    chance.text("BCDFGLMNPRSTV", 6) +
    chance.text(digits, 2) +
    chance.text("ABCDEHLMPRST", 1) +
    two(1 + chance.integer(28)) +
    chance.text(capitals.slice(0, 12), 1) +
    chance.text(digits, 3);
  const whole = body + codiceFiscaleLetter(body);
  return chance.pick([whole, whole.toLowerCase()]);
}

function bsn(chance: Chance): string {
  return until(() => {
    const body = chance.text("123456789", 1) + chance.text(digits, 7);
    const rest = weightedSum(body, [9, 8, 7, 6, 5, 4, 3, 2]) % 11;
    return rest === 10 ? undefined : chance.pick([body + rest, spaced(body + rest, [4, 2, 3], ".")]);
  });
}

function personnummer(chance: Chance): string {
  const body = two(chance.integer(100)) + date(chance) + chance.text(digits, 3);
  const number = body + luhnDigit(body);
  const born = spaced(number, [6, 4], "-");
  return chance.pick([number, born, `19${born}`, `19${number}`]);
}

function pesel(chance: Chance): string {
  const body = two(chance.integer(100)) + date(chance) + chance.text(digits, 4);
  const sum = weightedSum(body, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
  return body + String((10 - (sum % 10)) % 10);
}

function cpf(chance: Chance): string {
  const digit = (body: string) => {
    const rest =
      weightedSum(
        body,
        Array.from(body, (_, index) => body.length + 1 - index),
      ) % 11;
    return rest < 2 ? "0" : String(11 - rest);
  };
  const nine = chance.text(digits, 9);
  const ten = nine + digit(nine);
  const id = ten + digit(ten);
  return chance.pick([id, `${spaced(nine, [3, 3, 3], ".")}-${id.slice(9)}`]);
}

function aadhaar(chance: Chance): string {
  const body = chance.text("23456789", 1) + chance.text(digits, 10);
  return spaced(body + verhoeffDigit(body), [4, 4, 4], chance.pick(["", " ", "-"]));
}

function chinese(chance: Chance): string {
  const body = `${chance.pick(["110105", "310115", "440305"])}${1950 + chance.integer(60)}${date(chance)}${chance.text(digits, 3)}`;
  const sum = [...body].reduce((total, digit, index) => total + Number(digit) * (2 ** (17 - index) % 11), 0);
  return body + "10X98765432".charAt(sum % 11);
}

function sin(chance: Chance): string {
  const body = chance.text("1234567", 1) + chance.text(digits, 7);
  return spaced(body + luhnDigit(body), [3, 3, 3], chance.pick(["", " ", "-"]));
}

function tfn(chance: Chance): string {
  return until(() => {
    const body = chance.text("123456789", 1) + chance.text(digits, 7);
    // The last weighs 10, which is −1: it is the rest itself.
    const rest = weightedSum(body, [1, 4, 3, 7, 5, 8, 6, 9]) % 11;
    return rest === 10 ? undefined : spaced(body + rest, [3, 3, 3], chance.pick(["", " "]));
  });
}

function ssn(chance: Chance): string {
  return `${100 + chance.integer(500)}-${two(1 + chance.integer(99))}-${1000 + chance.integer(8999)}`;
}

const names = ["anna", "j.smith", "m-dupont", "li_wei", "o'brien", "jörg", "kim+news", "p.van.dijk"] as const;

function email(chance: Chance): string {
  const host = chance.pick(["example.com", "mail.example.co.uk", "firma-beispiel.de", "exemple.fr", "x.io"]);
  return `${chance.pick(names)}${chance.integer(90)}@${host}`;
}

function phone(chance: Chance): string {
  const n = (length: number) => chance.text("23456789", length);
  return chance.pick([
    `+49 30 ${n(7)}`,
    `+49 (0)89 ${n(3)} ${n(4)}`,
    `+33 6 ${n(2)} ${n(2)} ${n(2)} ${n(2)}`,
    `+1-${n(3)}-${n(3)}-${n(4)}`,
    `+44 20 ${n(4)} ${n(4)}`,
    `(${n(3)}) ${n(3)}-${n(4)}`,
    `${n(3)}-${n(3)}-${n(4)}`,
    `+4179${n(7)}`,
  ]);
}

function ipAddress(chance: Chance): string {
  const n = () => 1 + chance.integer(254);
  const h = () => chance.text(hex.slice(1), 1) + chance.text(hex, 3);
  return chance.pick([
    `${n()}.${n()}.${n()}.${n()}`,
    `2001:db8:${h()}::${h()}:${h()}`,
    Array.from({ length: 8 }, h).join(":"),
  ]);
}

function mac(chance: Chance): string {
  const pairs = Array.from({ length: 6 }, () => chance.text(hex, 2));
  return chance.pick([pairs.join(":"), pairs.join("-").toUpperCase(), pairs.join(":").toUpperCase()]);
}

/** Prefix, alphabet and length of what follows; put together here, so that no scanner takes them for real ones. */
const keyForms: readonly (readonly [string, ...(readonly [string, number])[]])[] = [
  ["sk-proj-", [base64Url, 120]],
  ["sk-", [base62, 48]],
  ["sk-ant-api03-", [base64Url, 93]],
  ["AKIA", [capitals + digits.slice(2), 16]],
  ["AIza", [base64Url, 35]],
  ["GOCSPX-", [base64Url, 28]],
  ["ghp_", [base62, 36]],
  ["gho_", [base62, 36]],
  ["github_pat_11", [base62, 20], ["_", 1], [base62, 59]],
  ["glpat-", [base64Url, 20]],
  ["xoxb-", [digits, 12], ["-", 1], [digits, 12], ["-", 1], [base62, 24]],
  ["sk_live_", [base62, 24]],
  ["rk_test_", [base62, 99]],
  ["whsec_", [base62, 32]],
  ["SK", [hex, 32]],
  ["SG.", [base64Url, 22], [".", 1], [base64Url, 43]],
  ["npm_", [base62, 36]],
  ["pypi-AgEIcHlwaS5vcmc", [base64Url, 120]],
  ["hf_", [base62, 34]],
  ["dop_v1_", [hex, 64]],
  ["dapi", [hex, 32]],
  ["ntn_", [base62, 46]],
  ["lin_api_", [base62, 40]],
  ["gsk_", [base62, 52]],
  ["xai-", [base62, 80]],
  ["pplx-", [base62, 48]],
  ["r8_", [base62, 37]],
  ["shpat_", [hex, 32]],
  ["hvs.", [base64Url, 90]],
  ["vcp_", [base62, 56]],
  ["figd_", [base64Url, 40]],
  ["", [digits, 10], [":AA", 0], [base64Url, 33]],
  ["MT", [base62, 24], [".", 1], [base64Url, 6], [".", 1], [base64Url, 38]],
];

function apiKey(chance: Chance): string {
  const [prefix, ...parts] = keyForms[chance.integer(keyForms.length)] ?? ["sk-", [base62, 48]];
  return (
    prefix +
    parts.map(([alphabet, length]) => (length === 0 ? alphabet : chance.text(alphabet, length))).join("")
  );
}

function jwt(chance: Chance): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const claims = { sub: chance.text(digits, 10), iat: 1_700_000_000 + chance.integer(1e8) };
  return `${part({ alg: "HS256", typ: "JWT" })}.${part(claims)}.${chance.text(base64Url, 43)}`;
}

function privateKey(chance: Chance): string {
  const kind = chance.pick(["RSA ", "EC ", "OPENSSH ", "", "ENCRYPTED "]);
  const lines = Array.from({ length: 6 }, () => chance.text(base62, 64));
  const line = chance.pick(["\n", "\\n"]);
  return [`-----BEGIN ${kind}PRIVATE KEY-----`, ...lines, `-----END ${kind}PRIVATE KEY-----`].join(line);
}

function randomSecret(chance: Chance): string {
  return chance.pick([
    chance.text(hex, 32),
    chance.text(hex, 64),
    chance.text(base62, 40),
    chance.text(base64Url, 43),
  ]);
}

function password(chance: Chance): string {
  const word = chance.pick(["hunter", "Sommer", "tr0ub4dor", "Qwertz", "letmein"]);
  return `${word}${chance.integer(1000)}${chance.pick(["!", "#", "", "$x"])}${chance.text(base62, 3)}1`;
}

const checked = (
  rule: string,
  make: (chance: Chance) => string,
  labels: Kind["labels"],
  keys: Kind["keys"],
): Kind => ({ rule, isChecked: true, labels, keys, make });
const formed = (...parts: Parameters<typeof checked>): Kind => ({ ...checked(...parts), isChecked: false });
const namedOnly = (kind: Kind): Kind => ({ ...kind, isNamed: true });

export const kinds: readonly Kind[] = [
  checked("payment_card", card, ["card", "Kreditkarte", "carte"], ["card_number", "pan", "cardNumber"]),
  checked("iban", iban, ["IBAN", "account", "Konto"], ["iban", "account"]),
  namedOnly(
    checked(
      "uk_nhs_number",
      nhs,
      ["NHS number", "NHS no.", "patient number"],
      ["nhs_number", "nhsNumber", "patient_id"],
    ),
  ),
  namedOnly(
    checked(
      "de_tax_id",
      germanTaxId,
      ["Steuer-ID", "Steuer-Identifikationsnummer", "IdNr.", "tax ID"],
      ["steuer_id", "taxId", "tin"],
    ),
  ),
  checked("fr_nir", nir, ["numéro de sécurité sociale", "NIR", "INSEE number"], ["nir", "insee"]),
  checked("es_dni", spanish, ["DNI", "NIE", "documento"], ["dni", "document"]),
  checked("it_codice_fiscale", codiceFiscale, ["codice fiscale", "CF"], ["codice_fiscale", "cf"]),
  namedOnly(
    checked("nl_bsn", bsn, ["BSN", "burgerservicenummer", "citizen service number"], ["bsn", "bsnNumber"]),
  ),
  namedOnly(
    checked(
      "se_personnummer",
      personnummer,
      ["personnummer", "Swedish personal number", "personal identity number"],
      ["personnummer", "personal_number"],
    ),
  ),
  namedOnly(checked("pl_pesel", pesel, ["PESEL", "numer PESEL"], ["pesel", "national_id"])),
  namedOnly(checked("br_cpf", cpf, ["CPF", "cadastro de pessoa"], ["cpf", "userCpf"])),
  namedOnly(
    checked(
      "in_aadhaar",
      aadhaar,
      ["Aadhaar", "Aadhar number", "UIDAI number"],
      ["aadhaar", "aadhaar_number"],
    ),
  ),
  checked("cn_resident_id", chinese, ["resident id", "身份证号"], ["id_card", "resident_id"]),
  namedOnly(checked("ca_sin", sin, ["SIN", "social insurance number", "NAS"], ["sin", "social_insurance"])),
  namedOnly(checked("au_tfn", tfn, ["TFN", "tax file number"], ["tfn", "taxFileNumber"])),
  formed("us_ssn", ssn, ["SSN", "social security number"], ["ssn", "social"]),
  formed("email", email, ["e-mail", "E-Mail-Adresse", "adresse"], ["email", "to"]),
  formed("phone", phone, ["phone", "Telefonnummer", "téléphone"], ["phone", "tel"]),
  formed("ip_address", ipAddress, ["address", "client", "IP"], ["ip", "remote"]),
  formed("mac_address", mac, ["device", "MAC"], ["mac", "hw"]),
  formed("api_key", apiKey, ["key", "API-Schlüssel", "clé"], ["api_key", "value"]),
  formed("jwt", jwt, ["token", "session"], ["token", "t"]),
  formed("private_key", privateKey, ["key", "Schlüssel"], ["private_key", "pem"]),
  namedOnly(
    formed(
      "secret",
      randomSecret,
      ["token", "secret", "API key"],
      ["client_secret", "accessToken", "api_key"],
    ),
  ),
  namedOnly(
    formed(
      "password",
      password,
      ["password", "Passwort", "mot de passe"],
      ["password", "db_password", "PGPASSWORD"],
    ),
  ),
];
