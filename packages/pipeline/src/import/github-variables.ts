import { entriesOf, type Located } from "../located.ts";
import { matrixVariable } from "../matrix.ts";
import { type Carrier, textOf } from "./carrier.ts";
import { expressionFrom, partsOf, secretIn, textExpressionFrom } from "./github-expression.ts";

/** Variables as ours say them. */
export interface WrittenVariables {
  env: Record<string, string | { from: string }>;
  secrets: Record<string, string>;
}

/** `env` of a workflow, a job or a step: `${{ }}` becomes an expression or a secret. */
export function variablesFrom(carrier: Carrier, env: Located | undefined): WrittenVariables {
  const written: WrittenVariables = { env: {}, secrets: {} };
  for (const [name, { value }] of entriesOf(env)) {
    const text = textOf(value);
    if (text === undefined) continue;
    const [only, ...rest] = partsOf(text);
    const secret = rest.length === 0 && only?.expression !== undefined ? secretIn(only.expression) : undefined;
    if (/^(?:GROUNDCREW_|MATRIX_)/.test(name))
      carrier.lose(value, `the variable ${name} is not carried: its name is reserved`);
    else if (secret !== undefined) written.secrets[name] = secret;
    else if (!text.includes("${{")) written.env[name] = text;
    else setComputed({ carrier, written, name, value, text });
  }
  return written;
}

function setComputed(options: {
  carrier: Carrier;
  written: WrittenVariables;
  name: string;
  value: Located;
  text: string;
}): void {
  const from = textExpressionFrom(options.text);
  if (from === undefined)
    options.carrier.lose(options.value, `the variable ${options.name} is not carried: ${options.text}`);
  else options.written.env[options.name] = { from };
}

/** A command whose `${{ }}` are variables, which `variables` then has: nothing is filled into ours before a shell reads it. */
export function commandFrom(carrier: Carrier, run: Located, text: string, variables: WrittenVariables): string {
  let count = 0;
  return partsOf(text)
    .map(({ text: plain, expression }) => {
      if (expression === undefined) return plain;
      const key = /^matrix\.([\w-]+)$/.exec(expression)?.[1];
      if (key !== undefined) return `\${${matrixVariable(key)}}`;
      const secret = secretIn(expression);
      if (secret !== undefined) {
        variables.secrets[secret] = secret;
        return `\${${secret}}`;
      }
      const from = expressionFrom(expression);
      if (from === undefined) {
        carrier.lose(
          run,
          `\${{ ${expression} }} in \`run\` is not carried: it is left as it is, and the shell will refuse it`,
        );
        return `\${{ ${expression} }}`;
      }
      count += 1;
      variables.env[`EXPRESSION_${count}`] = { from };
      return `\${EXPRESSION_${count}}`;
    })
    .join("");
}
