import type { BuildPlan } from "@groundcrew/proto";
import { checkoutSecrets } from "../workspace/checkout.ts";

/** What no log and no output of a build may show. */
export function planSecrets({ secrets, checkout }: Pick<BuildPlan, "secrets" | "checkout">): string[] {
  return [...secrets.map(({ value }) => value), ...(checkout ? checkoutSecrets(checkout) : [])];
}
