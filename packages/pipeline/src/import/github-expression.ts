import { checkExpression } from "../expression.ts";

/** What of an expression of GitHub's is called otherwise here. The order matters: the longer comes first. */
const translations: [found: RegExp, written: string][] = [
  [/\bgithub\.ref\s*==\s*'refs\/heads\/([^']*)'/g, "branch == '$1'"],
  [/\bgithub\.ref\s*!=\s*'refs\/heads\/([^']*)'/g, "branch != '$1'"],
  [/\bgithub\.ref\s*==\s*'refs\/tags\/([^']*)'/g, "tag == '$1'"],
  [/\bstartsWith\(\s*github\.ref\s*,\s*'refs\/tags\/([^']*)'\s*\)/g, "(tag != '' && tag.startsWith('$1'))"],
  [/\bstartsWith\(\s*github\.ref\s*,\s*'refs\/heads\/([^']*)'\s*\)/g, "branch.startsWith('$1')"],
  [/\b(startsWith|endsWith|contains)\(\s*([\w.-]+)\s*,\s*('[^']*')\s*\)/g, "$2.$1($3)"],
  [/\bgithub\.event_name\b/g, "event"],
  [/\bgithub\.(?:base_ref|ref_name)\b/g, "branch"],
  [/\b(?:github\.event\.inputs|inputs)\./g, "parameters."],
  [/\bneeds\.([\w-]+)\.result\b/g, "workflows.$1.status"],
  [/\bneeds\.([\w-]+)\.outputs\b/g, "workflows.$1.outputs"],
  [/\bsteps\.([\w-]+)\.(?:outcome|conclusion)\b/g, "steps.$1.status"],
  [/\bcancelled\(\)/g, "canceled()"],
  [/'cancelled'/g, "'canceled'"],
  [/'workflow_dispatch'/g, "'manual'"],
  [/'schedule'/g, "'cron'"],
  // CEL takes `a-b` for a difference.
  [/\b(steps|workflows|matrix|parameters)\.(\w*-[\w-]*)/g, "$1['$2']"],
];

/** An expression of GitHub's as one of ours; undefined where it asks for what is not there. */
export function expressionFrom(text: string): string | undefined {
  const inner = /^\s*\$\{\{(.*)\}\}\s*$/s.exec(text)?.[1] ?? text;
  if (inner.includes("${{")) return undefined;
  const written = translations.reduce((before, [found, to]) => before.replace(found, to), inner.trim());
  return checkExpression(written) === undefined ? written : undefined;
}

/** What a text with `${{ }}` is made of, in order: texts, and expressions without their braces. */
export function partsOf(text: string): { text?: string; expression?: string }[] {
  return text.split(/(\$\{\{.*?\}\})/s).flatMap((part) => {
    if (part === "") return [];
    const expression = /^\$\{\{(.*)\}\}$/s.exec(part)?.[1];
    return [expression === undefined ? { text: part } : { expression: expression.trim() }];
  });
}

/** A text with `${{ }}` as one expression of ours; undefined where a part of it is none. */
export function textExpressionFrom(text: string): string | undefined {
  const written = partsOf(text).map(({ text: plain, expression }) =>
    expression === undefined ? JSON.stringify(plain) : expressionFrom(expression),
  );
  return written.includes(undefined) ? undefined : written.join(" + ");
}

/** The secret that an expression is: `secrets.NAME`. */
export function secretIn(expression: string): string | undefined {
  return /^\s*secrets\.([A-Za-z_]\w*)\s*$/.exec(expression)?.[1];
}
