#!/usr/bin/env bash
# Looks for what tests of a few seconds do not find: runs every fuzz target for TIME, one after the other, and then each
# test that draws what it does for as long: kills of trainings, flipped bits, disks that fill, leaks. A failing input of a
# fuzz target is kept under testdata/fuzz of its package; give it to the test by name. The other tests print AEGPU_SEED=N,
# with which they draw the same again. CI runs the targets alone, for two seconds each.
#
#   scripts/soak.sh TIME [fuzz|chance]     TIME as Go writes it: 10s, 5m, 2h; both kinds, or one
#   AEGPU_KILLS=300 AEGPU_FLIPS=500 AEGPU_BYTES=1000000 AEGPU_LEAKS=1000 scripts/soak.sh 1m chance
#                                          so often, and not for TIME; more bytes than a checkpoint has are all of them
set -euo pipefail
cd "$(dirname "$0")/.."
time=${1:?usage: scripts/soak.sh TIME [fuzz|chance]}

failed=0
fuzz() {
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
}

# Of a name that no test has, go test says so and ends well.
chance() {
  while read -r package name; do
    printf '== %s %s\n' "$package" "$name"
    AEGPU_SOAK=$time go test -timeout 0 -count 1 -v "$package" -run "^$name\$" >/tmp/soak.$$ 2>&1 || failed=1
    cat /tmp/soak.$$
    grep -q "^--- PASS: $name" /tmp/soak.$$ || failed=1
  done <<TESTS
./cmd/aegpu TestKilledAtRandomInstants
./cmd/aegpu TestNoBitFlipsUnnoticed
./cmd/aegpu TestDiskFullAtEveryByte
. TestNothingLeaks
TESTS
  rm -f /tmp/soak.$$
}

case ${2:-} in
  fuzz) fuzz ;;
  chance) chance ;;
  '') fuzz && chance ;;
  *) echo "usage: scripts/soak.sh TIME [fuzz|chance]" >&2 && exit 2 ;;
esac
exit $failed
