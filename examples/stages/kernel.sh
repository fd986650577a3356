#!/bin/sh
# A vetting stage in shell: what the kernel says of itself. It measures
#
#   example.kernel.tainted         0 on a kernel that nothing has tainted (see the kernel's tainted-kernels page)
#   example.kernel.entropy_bits    what the random number generator has
#
# A stage is any program that writes OCP Test & Validation output 2.0, JSON lines, on file descriptor 3. What it writes on
# stdout and stderr is for people. Its folder is for evidence: every file that it leaves there is kept. Its exit code means
# nothing; the record must start and end, and the profile's gates judge what is measured.
set -eu

number=0

# Writes one record: numbered, dated, and otherwise as given.
record() {
  printf '{"sequenceNumber":%d,"timestamp":"%s",%s}\n' "$number" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" >&3
  number=$((number + 1))
}

step() { record "\"testStepArtifact\":{\"testStepId\":\"0\",$1}"; }
measurement() { step "\"measurement\":{\"name\":\"$1\",\"value\":$2}"; }

# Something that cannot be measured here is said to be absent. It is never written as 0.
absent() {
  step "\"extension\":{\"name\":\"groundcrew.absent\",\"content\":{\"what\":\"$1\",\"why\":\"$2\",\"metrics\":[\"$3\"]}}"
}

# One file of /proc that holds a number.
measure() {
  value=$(cat "$2" 2>/dev/null || true)
  case $value in
  "" | *[!0-9]*) absent "$1" "$2 does not tell" "$1" ;;
  *) measurement "$1" "$value" && echo "$1 is $value" ;;
  esac
}

record '"schemaVersion":{"major":2,"minor":0}'
record '"testRunArtifact":{"testRunStart":{"name":"example.kernel","version":"1","commandLine":"kernel.sh","parameters":{},"dutInfo":{"dutInfoId":"machine"}}}'
step '"testStepStart":{"name":"example.kernel"}'
measure example.kernel.tainted /proc/sys/kernel/tainted
measure example.kernel.entropy_bits /proc/sys/kernel/random/entropy_avail
uname -a >uname.txt
step '"file":{"displayName":"uname.txt","uri":"uname.txt","isSnapshot":true,"contentType":"text/plain"}'
step '"testStepEnd":{"status":"COMPLETE"}'
record '"testRunArtifact":{"testRunEnd":{"status":"COMPLETE","result":"PASS"}}'
