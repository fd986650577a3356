import type { Action } from "../action.ts";
import { drainAgent, freezeAgent, jumpClock, killAgent } from "./agents.ts";
import { haunt } from "./haunt.ts";
import { disturbLink, loseAnswers } from "./links.ts";
import { cancel, explain, pause, rest, retry, submit } from "./operate.ts";
import {
  freezePostgres,
  freezeReplica,
  holdSnapshot,
  killAllReplicas,
  killPostgres,
  killReplica,
  restartReplica,
} from "./servers.ts";
import type { Stage } from "./stage.ts";

/** Does something, and undoes it when its time has come. Resolves when everything is well again. */
export function perform(stage: Stage, action: Action): Promise<void> {
  switch (action.kind) {
    case "submit":
      return submit(stage, action.number, action.pipeline);
    case "cancel_pipeline":
      return cancel(stage, action.pipeline);
    case "cancel_workflow":
      return cancel(stage, action.pipeline, action.workflow);
    case "retry":
      return retry(stage, action);
    case "explain":
      return explain(stage, action);
    case "pause_queue":
      return pause(stage, "queue", "", action.forMs);
    case "pause_agent":
      return pause(stage, "agent", stage.world.agents[action.agent]?.name ?? "", action.forMs);
    case "rest_agent":
      return rest(stage, stage.world.agents[action.agent]?.name ?? "", action.forMs);
    case "kill_agent":
      return killAgent(stage, action.agent, action.forMs);
    case "freeze_agent":
      return freezeAgent(stage, action.agent, action.forMs);
    case "drain_agent":
      return drainAgent(stage, action.agent);
    case "jump_clock":
      return jumpClock(stage, action.agent, action.byMs);
    case "kill_replica":
      return killReplica(stage, action.replica, action.forMs);
    case "freeze_replica":
      return freezeReplica(stage, action.replica, action.forMs);
    case "restart_replica":
      return restartReplica(stage, action.replica);
    case "kill_all_replicas":
      return killAllReplicas(stage, action.forMs);
    case "kill_postgres":
      return killPostgres(stage, action.forMs);
    case "freeze_postgres":
      return freezePostgres(stage, action.forMs);
    case "cut":
    case "refuse":
    case "slow":
    case "half_open":
      return disturbLink(stage, action);
    case "lose_answers":
      return loseAnswers(stage, action.agents);
    case "haunt":
      return haunt(stage, action.pipeline);
    case "hold_snapshot":
      return holdSnapshot(stage, action.forMs);
    default:
      return action satisfies never;
  }
}
