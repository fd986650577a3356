import { acknowledgedCancels, canceledGoesNowhere, cancelsAreAsked, cancelWins } from "./cancels.ts";
import { dependenciesHold } from "./dependencies.ts";
import { drainsAreClean } from "./drains.ts";
import { acceptedEnds, nothingDies, submittedOnce } from "./ends.ts";
import { explanationsAreRight } from "./explained.ts";
import type { Facts, StoredFacts } from "./facts.ts";
import type { Invariant } from "./invariant.ts";
import { grantsAreLeases, holdersAct, oneLiveLease, reportsBelong } from "./leases.ts";
import { groupsAreBounded, pausesHold } from "./limits.ts";
import { nothingIsLeft } from "./leftovers.ts";
import { linesOnce } from "./lines.ts";
import { logsAreWhole } from "./logs.ts";
import {
  grantsAreToldAgain,
  lossesAreActedOn,
  onlyLostAgentsLose,
  policyDecides,
  restartsEndLeases,
} from "./losses.ts";
import { endsAreTrue, failRunsOnce, stepsRunOnce, triesDoNotOverlap } from "./runs.ts";
import { delaysHold, retriesAreUsed } from "./retries.ts";
import { queueTimeoutsHold, timeoutsAreEnforced, timeoutsAreTrue } from "./timeouts.ts";
import { endsHaveReasons, epochsGrow, transitionsFollow } from "./transitions.ts";

/** What the database alone can tell. Holds at every moment, in every test. */
export const STORED_INVARIANTS: readonly Invariant<StoredFacts>[] = [
  transitionsFollow,
  endsHaveReasons,
  epochsGrow,
  oneLiveLease,
  grantsAreLeases,
  holdersAct,
  reportsBelong,
  cancelWins,
  linesOnce,
  dependenciesHold,
  groupsAreBounded,
];

/** Everything that is promised and can be told from what was stored and what was seen from outside. */
export const INVARIANTS: readonly Invariant<Facts>[] = [
  ...STORED_INVARIANTS,
  acceptedEnds,
  submittedOnce,
  nothingDies,
  acknowledgedCancels,
  canceledGoesNowhere,
  cancelsAreAsked,
  stepsRunOnce,
  failRunsOnce,
  triesDoNotOverlap,
  endsAreTrue,
  onlyLostAgentsLose,
  grantsAreToldAgain,
  lossesAreActedOn,
  policyDecides,
  restartsEndLeases,
  logsAreWhole,
  nothingIsLeft,
  timeoutsAreTrue,
  timeoutsAreEnforced,
  queueTimeoutsHold,
  retriesAreUsed,
  delaysHold,
  pausesHold,
  drainsAreClean,
  explanationsAreRight,
];
