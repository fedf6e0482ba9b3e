#!/usr/bin/env bash
# Looks for what tests of a few seconds do not find: runs every fuzz target for TIME, one after the other, and then the
# tests that kill, flip and leak for as long (they read AEGPU_SOAK). A failing input is kept under testdata/fuzz of its
# package; give it to the test by name. CI runs the targets alone, for two seconds each.
#
#   scripts/soak.sh TIME [fuzz]     TIME as Go writes it: 10s, 5m, 2h
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:?usage: scripts/soak.sh TIME [fuzz]}

failed=0
while IFS=: read -r file target; do
  package=./$(dirname "$file")
  printf '== %s %s\n' "$package" "$target"
  go test "$package" -run '^$' -fuzz "^$target\$" -fuzztime "$time" -fuzzminimizetime 10x -parallel "${AEGPU_FUZZ_PARALLEL:-1}" >/tmp/soak.$$ 2>&1 || {
    failed=1
    cat /tmp/soak.$$
  }
  grep '^fuzz: elapsed' /tmp/soak.$$ | tail -1 || true
done < <(git grep -n '^func Fuzz' -- '*_test.go' | sed -E 's/^([^:]+):[0-9]+:func (Fuzz[A-Za-z0-9]*).*/\1:\2/')
rm -f /tmp/soak.$$
[ "${2:-}" = fuzz ] || AEGPU_SOAK=$time go test -timeout 0 -count 1 ./train ./cmd/aegpu ./data . -run 'Kill|Flip|Leak|Interrupt|Resume'
exit $failed
