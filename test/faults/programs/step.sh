#!/bin/bash
# A step of a pipeline of `make faults`: prints LINES numbered lines in BURSTS, PAUSE seconds after each, exits with
# CODE, leaves a child behind, and writes what it does to a file of its workflow's own, past agent and server.
lines=$1 bursts=$2 pause=$3 code=$4
# The folder it starts in is named after the workflow and the epoch.
try=${PWD%/*} && epoch=${try##*-}

note() {
  echo "$1 $GROUNDCREW_WORKFLOW_ID $epoch $GROUNDCREW_STEP $GROUNDCREW_AGENT $EPOCHREALTIME" \
    >>"$OUTPUTS/$GROUNDCREW_WORKFLOW_ID"
}

# A child that leaves the process group, and that nobody waits for.
setsid sleep 600 </dev/null >/dev/null 2>&1 &

note start
for ((burst = 1, line = 1; burst <= bursts; burst++)); do
  for (( ; line <= lines * burst / bursts; line++)); do echo "line $line of $lines"; done
  sleep "$pause"
  note tick
done
note end
exit "$code"
