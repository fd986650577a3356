/**
 * Who owns a repository: its name without the last part, as in "github.com/acme" for "github.com/acme/api". Itself where
 * it has only one part. Grants and turns go by it.
 */
export function ownerOf(repository: string): string {
  const end = repository.replace(/\/+$/, "").lastIndexOf("/");
  return end > 0 ? repository.slice(0, end) : repository;
}
