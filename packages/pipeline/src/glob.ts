import { RE2JS } from "@bufbuild/re2";

/** The newest patterns compiled: one is held against many texts. */
const compiled = new Map<string, RE2JS>();
const COMPILED_MAX = 256;

/**
 * Whether a text matches a pattern: `*` stands for any characters but `/`, `**` for any at all, `?` for one but `/`.
 * Takes time in proportion to the text, whatever the pattern.
 */
export function matchesGlob(text: string, pattern: string): boolean {
  return compile(pattern).testExact(text);
}

function compile(pattern: string): RE2JS {
  const known = compiled.get(pattern);
  if (known) return known;
  const made = new RE2JS(`(?s)${expressionOf(pattern)}`);
  compiled.set(pattern, made);
  const [oldest] = compiled.keys();
  if (compiled.size > COMPILED_MAX && oldest !== undefined) compiled.delete(oldest);
  return made;
}

/** `**` followed by `/` stands for no folder as well. */
function expressionOf(pattern: string): string {
  return pattern.replace(/\*\*\/|\*\*|\*|\?|[^*?]+/g, (part) => {
    switch (part) {
      case "**/":
        return "(?:.*/)?";
      case "**":
        return ".*";
      case "*":
        return "[^/]*";
      case "?":
        return "[^/]";
      default:
        return part.replace(/[\\^$.|+()[\]{}]/g, String.raw`\$&`);
    }
  });
}
