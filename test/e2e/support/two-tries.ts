import type { EndReason, WorkflowState } from "@groundcrew/proto";
import type { TestServer } from "@groundcrew/testkit";

/** A workflow for one agent alone, that runs for ever the first time and ends at once the second time. */
export function twoTries(label: string, more = ""): string {
  return `
    workflows:
      w:
        labels: { only: ${label} }
        ${more}
        steps:
          - name: work
            run: |
              echo "attempt $GROUNDCREW_ATTEMPT"
              [ "$GROUNDCREW_ATTEMPT" = 2 ] || { setsid sleep 600 & sleep 600; }
              echo done
  `;
}

/** Each state that a workflow came to, and why. */
export async function reasonsOf({ operator }: TestServer, id: string): Promise<[WorkflowState, EndReason][]> {
  const { events } = await operator.getWorkflow({ id });
  return events.map(({ to, reason }) => [to, reason]);
}
