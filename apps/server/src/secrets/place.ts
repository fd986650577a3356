import { invalidField } from "@groundcrew/rpc";
import { requireText } from "../validate.ts";
import type { SecretPlace } from "./seal.ts";

/** What a request says of whose secret it is about. */
interface PlaceRequest {
  name: string;
  owner: string;
  repository: string;
}

/** Whose secret a request is about, and its name. Throws INVALID_ARGUMENT naming the field. */
export function checkedPlace({ name, owner, repository }: PlaceRequest): SecretPlace {
  const checkedName = requireText("name", name, {
    min: 1,
    max: 128,
    pattern: /^[A-Za-z_][A-Za-z0-9_]*$/,
    expected: "1 to 128 letters, digits and '_', not starting with a digit",
  });
  if ((owner === "") === (repository === "")) {
    throw invalidField("repository", repository, "a repository, or else owner set to an owner: exactly one of the two");
  }
  const scope = owner === "" ? "repository" : "owner";
  const target = requireText(scope, owner || repository, { max: 1_024, expected: "at most 1,024 characters" });
  return { scope, target, name: checkedName };
}
