/**
 * Facts that differ in few places only. Those of one batch share a row of the outbox, which has what they have in common once
 * (decisions/0028). Whoever reads the outbox sees each of them whole. Part of the contact store and of the outbox store.
 */

/** A text cut up: a fixed piece, what varies, a fixed piece, … and a last fixed piece. */
export interface FactForm {
  /** One more than `varying`. */
  readonly fixed: readonly string[];
  /** Which of a fact's values stands behind each fixed piece but the last. */
  readonly varying: readonly number[];
}

/** What one fact has of its own. */
export interface AlikeText {
  /** One object for all facts that may share a row. */
  readonly form: FactForm;
  /** The first is the id of the fact's contact. */
  readonly values: readonly [contactId: string, ...others: string[]];
}

/** The text of a fact, where it may be alike to others. */
export type FactText = string | AlikeText;

/** The whole text. */
export function spelledOut(text: FactText): string {
  return typeof text === 'string' ? text : filled(text.form, text.values);
}

function filled({ fixed, varying }: FactForm, values: readonly string[]): string {
  let text = fixed[0] ?? '';
  for (let at = 0; at < varying.length; at += 1) {
    text += values[varying[at] ?? 0];
    text += fixed[at + 1];
  }
  return text;
}

/** Most facts of a row. The first events of so many contacts stay below the size from which on PostgreSQL compresses a row. */
const mostOfARow = 40;

export interface SharedRows {
  /** For each text the number of the row that it shares, counted from 1; 0 for one with a row of its own. */
  readonly rowOf: readonly number[];
  /** The form of each row, as JSON. */
  readonly forms: readonly string[];
}

/** Puts texts of one form into one row, or into as many as it takes. */
export function shareRows(texts: readonly FactText[]): SharedRows {
  const forms: string[] = [];
  const latest = new Map<FactForm, { readonly row: number; facts: number }>();
  const rowOf = texts.map((text) => {
    if (typeof text === 'string') return 0;
    let shared = latest.get(text.form);
    if (shared === undefined || shared.facts === mostOfARow) {
      shared = { row: forms.push(JSON.stringify(text.form)), facts: 0 };
      latest.set(text.form, shared);
    }
    shared.facts += 1;
    return shared.row;
  });
  return { rowOf, forms };
}

type KeptFact = readonly [sequence: number, ...AlikeText['values']];

/** What the outbox keeps of one fact: its whole text, or its part of a shared row, which is `{"form":…,"facts":[part,…]}`. */
export function keptText(sequence: number, text: FactText): string {
  return typeof text === 'string' ? text : JSON.stringify([sequence, ...text.values] satisfies KeptFact);
}

/** The facts of a shared row, in the order in which they were put into it. */
export function factsOfSharedRow(
  row: string,
): readonly { readonly contactId: string; readonly sequence: number; readonly payload: string }[] {
  const { form, facts } = JSON.parse(row) as { form: FactForm; facts: readonly KeptFact[] };
  return facts.map(([sequence, ...values]) => ({
    contactId: values[0],
    sequence,
    payload: filled(form, values),
  }));
}
