/**
 * A short look at any Linux machine, virtual ones too: about 14 s, as an ordinary user, with Debian's stress-ng.
 * Its limits are longer than its work, because the machine may be busy with builds meanwhile; for the same reason it
 * only warns when throughput collapses.
 */
export const DEMO_PROFILE = `\
name: demo
description: A short look at any Linux machine. It shows how vetting works; it does not show that a machine is good.
stages:
  inventory:
    timeout: 30s
    gates:
      - { metric: cpu.threads, op: ">=", value: 1 }
      - { metric: memory.total_bytes, op: ">=", value: 67108864 }
      # These hold for any list that could be read: a machine may well boot over the network, or have no network.
      - { metric: disk.count, op: ">=", value: 0 }
      - { metric: nic.count, op: ">=", value: 0 }
      - { metric: dimm.count, op: ">=", value: 1, optional: true }
      - { metric: pci.count, op: ">=", value: 1, optional: true, severity: warn }
  spec_validate:
    without_spec: no specification was given to compare the machine with
  smart:
    skip: the demo reads no drive's own health record
  cpu_stress:
    timeout: 60s
    parameters: { segments: 3, segment_seconds: 4, method: all }
    gates:
      - { metric: cpu_stress.verify_failures, op: "=", value: 0 }
      # These say whether the test itself was sound, not whether the machine is.
      - { metric: cpu_stress.bogo_ops_per_second.min, op: ">", value: 0, severity: error }
      - { metric: cpu_stress.completed_share, op: ">=", value: 0.95, severity: error }
      - { metric: cpu_stress.idle_cpus, op: "=", value: 0, severity: error }
      - { metric: cpu_stress.busy_share, op: ">=", value: 0.5, severity: warn, optional: true }
      - { metric: cpu_stress.throughput_spread, op: ">=", value: 0.1, severity: warn }
      - { metric: cpu_stress.throttle_events, op: "=", value: 0, severity: warn, optional: true }
      - { metric: cpu_stress.machine_checks, op: "=", value: 0, optional: true }
      - { metric: cpu_stress.memory_errors_corrected, op: "=", value: 0, severity: warn, optional: true }
      - { metric: cpu_stress.memory_errors_uncorrected, op: "=", value: 0, optional: true }
  memory:
    skip: the demo does not test memory beyond what the CPU test touches
  storage:
    skip: the demo neither reads nor writes drives
  network:
    skip: the demo has no partner machine to measure a link with
  gpu:
    skip: the demo does not look for GPUs
  psu:
    skip: the demo does not ask the management controller
  firmware:
    skip: the demo has no list of allowed firmware
`;
