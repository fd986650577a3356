import type { PeerService } from "@groundcrew/proto";
import { invalidField, type ServiceImpl } from "@groundcrew/rpc";
import { callerOf } from "../agents/caller.ts";
import type { ServerContext } from "../context.ts";
import { requireHeld } from "../workflows/held-lease.ts";
import { checkedCacheKey } from "./cache-key.ts";
import { findCache } from "./find-cache.ts";

const MAX_RESTORE_KEYS = 16;

/** Caches, as agents look them up. */
export function cacheHandlers({ db }: Pick<ServerContext, "db">): Pick<ServiceImpl<typeof PeerService>, "findCache"> {
  return {
    async findCache({ lease, key, restoreKeys }, call) {
      if (restoreKeys.length > MAX_RESTORE_KEYS) {
        throw invalidField("restore_keys", `${restoreKeys.length} keys`, `at most ${MAX_RESTORE_KEYS}`);
      }
      const name = {
        key: checkedCacheKey("key", key),
        restoreKeys: restoreKeys.map((each, n) => checkedCacheKey(`restore_keys[${n}]`, each)),
      };
      const blob = await findCache(db, await requireHeld(db, callerOf(call), lease), name);
      return blob ? { blob } : {};
    },
  };
}
