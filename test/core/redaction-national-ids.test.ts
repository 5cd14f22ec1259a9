import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createRedactor } from "../../src/core/redaction.ts";

const { redact, redactAll } = createRedactor();

/** Examples that issuers and encyclopaedias print. */
const published: readonly (readonly [rule: string, word: string, id: string, wrong: string])[] = [
  ["uk_nhs_number", "NHS number", "9434765919", "9434765918"],
  ["de_tax_id", "Steuer-ID", "86 095 742 719", "86 095 742 718"],
  ["de_tax_id", "IdNr.", "47036892816", "47036892817"],
  ["fr_nir", "", "2 55 08 14 168 025 38", "2 55 08 14 168 025 39"],
  ["es_dni", "", "12345678Z", "12345678A"],
  ["es_dni", "", "X1234567L", "X1234567M"],
  ["it_codice_fiscale", "", "RSSMRA85T10A562S", "RSSMRA85T10A562T"],
  ["nl_bsn", "BSN", "111222333", "111222334"],
  ["se_personnummer", "personnummer", "811218-9876", "811218-9875"],
  ["pl_pesel", "PESEL", "44051401359", "44051401358"],
  ["br_cpf", "", "529.982.247-25", "529.982.247-26"],
  ["in_aadhaar", "Aadhaar", "2341 2341 2346", "2341 2341 2347"],
  ["cn_resident_id", "", "11010519491231002X", "110105194912310021"],
  ["ca_sin", "SIN", "130 692 544", "130 692 545"],
  ["au_tfn", "tax file number", "123 456 782", "123 456 783"],
  ["us_ssn", "", "123-45-6789", "000-45-6789"],
  ["us_ssn", "SSN", "123456789", "000456789"],
];

describe("national ids", () => {
  for (const [rule, word, id, wrong] of published) {
    test(`${id} is found as ${rule}, and ${wrong} is not`, () => {
      assert.equal(redact(`${word} ${id}.`).text, `${word} [${rule}].`);
      assert.equal(redact(`${word} ${wrong}.`).text, `${word} ${wrong}.`);
    });

    if (word !== "") {
      test(`${id} stays where no word says that it is ${rule}`, () => {
        const far = `${word} ${"of somebody else, who wrote to us long before ".repeat(2)}`;
        for (const text of [`Order ${id}.`, `${far} ${id}.`]) assert.equal(redact(text).text, text);
      });

      test(`${id} is found behind its word, before it, and as a field of that name`, () => {
        assert.equal(redact(`${id} (${word})`).text, `[${rule}] (${word})`);
        assert.deepEqual(redactAll({ [word]: id }).value, { [word]: `[${rule}]` });
        assert.deepEqual(redactAll({ [word]: [id] }).value, { [word]: [`[${rule}]`] });
      });
    }
  }

  test("are not taken for a part of a longer number or word", () => {
    for (const text of [
      "X12345678Z",
      "12345678ZA",
      "1-529.982.247-25",
      "529.982.247-25-3",
      "1RSSMRA85T10A562S",
    ])
      assert.equal(redact(text).text, text);
  });

  test("that follow each other are found each", () => {
    assert.equal(redact("BSN 111222333 111222333, 12345678Z").text, "BSN [nl_bsn] [nl_bsn], [es_dni]");
  });

  test("have one pseudonym for all spellings", () => {
    const keyed = createRedactor({ pseudonymKey: "k" });
    const [first, second] = ["NHS 943 476 5919", "NHS 9434765919"].map((text) => keyed.redact(text).text);
    assert.equal(first, second);
  });

  test("that are numbers in JSON are found by the name of their field", () => {
    assert.deepEqual(redactAll({ bsn: 111222333, order: 111222333 }).value, {
      bsn: "[nl_bsn]",
      order: 111222333,
    });
  });
});
