#!/usr/bin/env python3
"""A vetting stage in Python: whether the machine's clocks run alike.

It reads the wall clock and the clock that nothing corrects (CLOCK_MONOTONIC_RAW) a few times and measures

    example.clock.drift_ppm     how far they part, in parts per million; a correction by NTP shows as well
    example.clock.backwards     how often the wall clock stood still or went back

Parameters (from the profile, in GROUNDCREW_STAGE_PARAMETERS as a JSON object): seconds, default 2.

A stage is any program that writes OCP Test & Validation output 2.0, JSON lines, on file descriptor 3. What it writes on
stdout and stderr is for people. Its exit code means nothing: the record must start and end, and the profile's gates judge
what is measured. SIGTERM means: stop, and say so.
"""

import datetime
import json
import os
import signal
import sys
import time

SAMPLES = 10


class Record:
    """Writes numbered and dated records on the evidence channel."""

    def __init__(self):
        self.number = 0
        self.file = os.fdopen(3, "w", buffering=1, encoding="utf-8")

    def write(self, artifact):
        now = datetime.datetime.now(datetime.timezone.utc).isoformat()
        self.file.write(json.dumps({"sequenceNumber": self.number, "timestamp": now, **artifact}) + "\n")
        self.number += 1

    def run(self, artifact):
        self.write({"testRunArtifact": artifact})

    def step(self, artifact):
        self.write({"testStepArtifact": {"testStepId": "0", **artifact}})

    def measurement(self, name, value, **more):
        self.step({"measurement": {"name": name, "value": value, **more}})

    def end(self, status, result):
        self.step({"testStepEnd": {"status": status}})
        self.run({"testRunEnd": {"status": status, "result": result}})
        self.file.close()


def measure(record, seconds):
    backwards = 0
    first = last = (time.time_ns(), time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW))
    record.step(
        {"measurementSeriesStart": {"name": "example.clock.offset", "measurementSeriesId": "offset", "unit": "us"}}
    )
    for index in range(SAMPLES):
        time.sleep(seconds / SAMPLES)
        now = (time.time_ns(), time.clock_gettime_ns(time.CLOCK_MONOTONIC_RAW))
        backwards += now[0] <= last[0]
        offset = ((now[0] - first[0]) - (now[1] - first[1])) / 1000
        moment = datetime.datetime.now(datetime.timezone.utc).isoformat()
        element = {"index": index, "value": offset, "timestamp": moment, "measurementSeriesId": "offset"}
        record.step({"measurementSeriesElement": element})
        last = now
    record.step({"measurementSeriesEnd": {"measurementSeriesId": "offset", "totalCount": SAMPLES}})
    elapsed = last[1] - first[1]
    record.measurement("example.clock.drift_ppm", abs((last[0] - first[0]) - elapsed) / elapsed * 1e6)
    record.measurement("example.clock.backwards", backwards)


def main():
    parameters = json.loads(os.environ.get("GROUNDCREW_STAGE_PARAMETERS", "{}"))
    seconds = float(parameters.get("seconds", 2))
    record = Record()
    record.write({"schemaVersion": {"major": 2, "minor": 0}})
    start = {"name": "example.clock", "version": "1", "commandLine": "clock.py", "parameters": parameters}
    record.run({"testRunStart": {**start, "dutInfo": {"dutInfoId": "machine"}}})
    record.step({"testStepStart": {"name": "example.clock"}})

    def stop(*_):
        record.end("SKIP", "NOT_APPLICABLE")
        sys.exit(143)

    signal.signal(signal.SIGTERM, stop)
    print(f"comparing the clocks for {seconds} s")
    measure(record, seconds)
    record.end("COMPLETE", "PASS")


main()
