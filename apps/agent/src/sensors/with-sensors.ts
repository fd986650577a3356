import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { systemRoot } from "../stages/sysfs.ts";
import type { RunContext } from "../workflows/run-context.ts";
import { SensorMonitor } from "./sensor-monitor.ts";

/** Does the work of a vetting run while the machine's sensors are read and sent to the server. */
export async function withSensors<T>(run: RunContext, work: () => Promise<T>): Promise<T> {
  const { lease, log } = run;
  const { workflowId, epoch } = lease.grant;
  const monitor = new SensorMonitor({
    log,
    now: () => Date.now(),
    root: systemRoot(),
    send: async (samples, signal) => {
      const request = {
        workflowId,
        epoch,
        samples: samples.map(({ atMs, ...rest }) => ({ ...rest, at: timestampFromMs(atMs) })),
      };
      await lease.call((client, how) => client.recordSamples(request, how), { signal });
    },
  });
  monitor.start();
  try {
    return await work();
  } finally {
    await monitor.stop();
  }
}
