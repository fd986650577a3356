#!/bin/sh
# Writes all that is generated into this checkout, or below the folder named: code from proto/, and the pages of
# docs/reference. `make generate` calls it; `make check` compares what it writes with what is committed.
set -eu
into=${1:-.}
reference=$into/docs/reference
mkdir -p "$reference"
buf generate --output "$into"
node scripts/protocol-reference.ts >"$reference/protocol.md"
node scripts/settings-reference.ts >"$reference/settings.md"
node apps/cli/src/docs/print-reference.ts >"$reference/cli.md"
node scripts/pipeline-reference.ts page >"$reference/pipeline-file.md"
node scripts/pipeline-reference.ts schema >"$reference/pipeline.schema.json"
