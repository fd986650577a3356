import { evaluateExpression, ExpressionError } from "./expression.ts";
import { type Located, locate } from "./located.ts";
import type { Cell } from "./matrix.ts";
import type { Finding } from "./problem.ts";
import type { Workflow } from "./schema.ts";
import { dotted, quote } from "./show.ts";
import type { Trigger } from "./trigger.ts";
import { line } from "./values.ts";
import { planningScope } from "./when.ts";

/** A text as it is, or the expression whose value it is. */
type Planned = string | { from: string };

interface PlannedTextsOptions {
  base: string;
  root: Located;
  cell: Cell;
  trigger: Trigger;
  /** Gets what cannot be computed. */
  findings: Finding[];
}

/** Computes the texts of one workflow that decide where and when it runs, and therefore must be known before it does. */
export class PlannedTexts {
  readonly #options: PlannedTextsOptions;

  constructor(options: PlannedTextsOptions) {
    this.#options = options;
  }

  labels(labels: Workflow["labels"]): Record<string, string> {
    return Object.fromEntries(
      Object.entries(labels).map(([key, value]) => [key, this.#textOf(value, ["labels", key])]),
    );
  }

  group(group: Planned): string {
    return this.#textOf(group, ["concurrency", "group"]);
  }

  #textOf(planned: Planned, path: string[]): string {
    if (typeof planned === "string") return planned;
    const { trigger, cell } = this.#options;
    try {
      const text = String(evaluateExpression(planned.from, planningScope(trigger, cell)));
      if (line.safeParse(text).success) return text;
      this.#refuse(path, `expected one line of 1 to 128 characters, found ${quote(text)}`);
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error;
      this.#refuse(path, error.message);
    }
    return "";
  }

  #refuse(path: string[], message: string): void {
    const { root, base, findings } = this.#options;
    const place = ["workflows", base, ...path, "from"];
    findings.push({ at: locate(root, place).at, message: `${dotted(place)}: ${message}` });
  }
}
