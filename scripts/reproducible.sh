#!/usr/bin/env bash
# reproducible.sh: builds the commit that is checked out in two clones, at paths of different lengths, and holds the two programs to
# the same bytes, to that commit and to no trace of a path. What was not committed is not in it.
#
#   scripts/reproducible.sh [--cold] [--cuda]
#
# --cold gives either build an empty cache, so that both compile everything: minutes. Without it the second build shares the
# cache, which Go looks up without regard to paths; it then says that nothing of a path is linked in, and how long it takes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
cold='' build=scripts/build.sh
for arg in "$@"; do
  case $arg in
    --cold) cold=1 ;;
    --cuda) build=scripts/cuda-build.sh ;;
    *) sed -n '2,/^set/{/^#/p;}' "$0" >&2; exit 2 ;;
  esac
done
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
commit=$(git rev-parse HEAD)
for where in a b/at/a/longer/path; do
  mkdir -p "$work/$where"
  git clone -q --shared --no-checkout . "$work/$where"
  git -C "$work/$where" -c advice.detachedHead=false checkout -q "$commit"
  (
    cd "$work/$where"
    if [[ $cold ]]; then export GOCACHE=$work/cache/$where; fi
    $build "$work/$where/aegpu"
  )
done
one=$work/a/aegpu two=$work/b/at/a/longer/path/aegpu
cmp "$one" "$two"
fail() { echo "reproducible: $1" >&2; exit 1; }
facts=$("$one" version)
grep -qx "commit $commit" <<<"$facts" || fail "it is not of commit $commit: $facts"
if grep -qaF "$work" "$one"; then fail "it names $work, where it was built"; fi
if grep -qaF "$(go env GOMODCACHE)" "$one"; then fail "it names the cache of modules"; fi
echo "$facts"
echo "sha256 $(sha256sum <"$one" | cut -d' ' -f1), $(stat -c %s "$one") bytes, $("$one" version --sbom | grep -c '"purl"') parts, the same at two paths, in ${SECONDS}s"
