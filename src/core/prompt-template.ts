export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "variable"; readonly name: string; readonly offset: number }
  | { readonly kind: "malformed"; readonly offset: number };

/**
 * Parts of a template, in order. `{{name}}` is a variable, `\{{` is a literal `{{`; any other `{{` is malformed.
 * A placeholder stands on one line. Offsets are in UTF-16 units.
 */
export function parseTemplate(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let text = "";
  let from = 0;
  for (const match of template.matchAll(opening)) {
    // An opening inside the placeholder that was just read: the placeholder is what counts.
    if (match.index < from) continue;
    text += template.slice(from, match.index);
    from = match.index + match[0].length;
    if (match[0] === "\\{{") {
      text += "{{";
      continue;
    }
    if (text !== "") parts.push({ kind: "text", text });
    text = "";
    const name = match.groups?.name;
    parts.push(
      name === undefined
        ? { kind: "malformed", offset: match.index }
        : { kind: "variable", name, offset: match.index },
    );
  }
  text += template.slice(from);
  if (text !== "") parts.push({ kind: "text", text });
  return parts;
}

/** A variable's name: it is also a key of OpenAI's `metadata`, which allows 64 characters. */
export const variableName = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/;

const opening = /\\\{\{|\{\{(?:[ \t]*(?<name>[A-Za-z][A-Za-z0-9_-]{0,63})[ \t]*\}\})?/g;
