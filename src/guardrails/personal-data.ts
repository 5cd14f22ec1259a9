import { ruleCheck } from "./rule-check.ts";

/** A number of a state, with the words beside it that redaction looks at: 64 characters before it and 32 after. */
const nationalId = 128;

/** Rules about persons, and how much of a stream must be held back for each: words are held back whole anyway. */
export const personalTypes: Readonly<Record<string, number>> = {
  // One word, which is held back whole.
  email: 64,
  // Twice its 34 characters, for one separator after each.
  iban: 68,
  payment_card: 40,
  // 15 digits (E.164), each with up to two separators.
  phone: 48,
  ip_address: 45,
  mac_address: 17,
  us_ssn: nationalId,
  uk_nhs_number: nationalId,
  de_tax_id: nationalId,
  fr_nir: nationalId,
  es_dni: nationalId,
  it_codice_fiscale: nationalId,
  nl_bsn: nationalId,
  se_personnummer: nationalId,
  pl_pesel: nationalId,
  br_cpf: nationalId,
  in_aadhaar: nationalId,
  cn_resident_id: nationalId,
  ca_sin: nationalId,
  au_tfn: nationalId,
};

export const personalData = ruleCheck(
  "Personal data by its form: e-mail addresses, payment cards, numbers of states and others. Names and addresses of persons are not found.",
  personalTypes,
);
