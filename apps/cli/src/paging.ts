import type { Session } from "./session.ts";

/** The most items the server puts on one page, as operator.proto says of PageRequest. */
const MAX_PAGE_SIZE = 1000;

/** A page of a list. */
export interface Page<T> {
  items: T[];
  /** The token of the next page. Empty on the last. */
  nextPageToken: string;
}

/** Fetches pages until there are `limit` items or no more pages. */
export async function collect<T>(
  limit: number,
  fetch: (page: { size: number; token: string }) => Promise<Page<T>>,
): Promise<Page<T>> {
  const items: T[] = [];
  let token = "";
  do {
    const page = await fetch({ size: Math.min(MAX_PAGE_SIZE, limit - items.length), token });
    items.push(...page.items);
    token = page.nextPageToken;
  } while (token !== "" && items.length < limit);
  return { items: items.slice(0, limit), nextPageToken: token };
}

/** Tells people what a list does not show: that there is more, or that there is nothing. */
export function noteList(session: Session, page: Page<unknown>, whenEmpty: string): void {
  if (page.nextPageToken !== "") session.note(`crew: there are more; show them with --limit ${page.items.length * 10}`);
  else if (page.items.length === 0 && session.format === "table") session.note(`crew: ${whenEmpty}`);
}
