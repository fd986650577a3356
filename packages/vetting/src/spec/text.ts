/** A text that a specification can hold, without the spaces around it. Undefined: it is empty, or longer than 256 characters. */
export function specText(value: string | undefined): string | undefined {
  const trimmed = value?.trim() ?? "";
  return trimmed === "" || trimmed.length > 256 ? undefined : trimmed;
}
