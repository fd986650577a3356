#!/bin/sh
# Everything about the code that can be judged without running it. `make check` calls it.
set -u
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failed=

check() {
  title=$1
  shift
  echo "check: $title"
  "$@" || failed="$failed
  $title"
}

# The commit to compare the contract with: HEAD if proto/ was changed since, else the one before its last change.
breaking_base() {
  if [ -n "${BREAKING_AGAINST:-}" ]; then
    git rev-parse --verify --quiet "$BREAKING_AGAINST^{commit}"
  elif [ -n "$(git status --porcelain -- proto 2>/dev/null)" ]; then
    git rev-parse --verify --quiet HEAD
  else
    last=$(git log -1 --format=%H -- proto 2>/dev/null)
    [ -n "$last" ] && git rev-parse --verify --quiet "$last^"
  fi
}

breaking() {
  base=$(breaking_base)
  if [ -z "$base" ] || ! git cat-file -e "$base:proto" 2>/dev/null; then
    [ -z "${BREAKING_AGAINST:-}" ] || { echo "there is no proto/ at BREAKING_AGAINST=$BREAKING_AGAINST" >&2; return 1; }
    echo "       no earlier contract to compare with: first commit, or a clone without history"
    return 0
  fi
  mkdir "$scratch/base"
  git archive "$base" proto buf.yaml | tar -x -C "$scratch/base" && buf breaking --against "$scratch/base"
}

generated() {
  scripts/generate.sh "$scratch/generated" || return 1
  for folder in packages/proto/src/gen docs/reference; do
    diff -r "$scratch/generated/$folder" "$folder" || { echo "$folder is out of date: run \`make generate\`" >&2; return 1; }
  done
}

check "contract: lint (buf lint)" buf lint
check "contract: breaking changes (buf breaking)" breaking
check "generated code and pages are up to date (scripts/generate.sh)" generated
check "types (tsc)" tsc -p tsconfig.json
check "lint (oxlint)" oxlint --deny-warnings
check "format (oxfmt)" oxfmt --check .
check "unused files, exports and dependencies (knip)" knip
if [ -n "$failed" ]; then
  echo "check: failed:$failed" >&2
  exit 1
fi
echo "check: all good"
