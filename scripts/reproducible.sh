#!/usr/bin/env bash
# reproducible.sh: builds the commit that is checked out in two clones, at paths of different lengths, the first from the build cache
# and the second from nothing, and holds the two programs to the same bytes, to that commit and to no trace of a path. What was
# not committed is not in it. A quarter of a minute on 2 cores.
#
#   scripts/reproducible.sh [--cuda]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
case ${1:-} in
  '') build=scripts/build.sh ;;
  --cuda) build=scripts/cuda-build.sh ;;
  *) sed -n '2,6s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
commit=$(git rev-parse HEAD)
clone() {
  git clone -q --shared --no-checkout . "$1"
  git -C "$1" -c advice.detachedHead=false checkout -q "$commit"
}
one=$work/a two=$work/b/at/a/longer/path
clone "$one"
clone "$two"
(cd "$one" && $build "$one/aegpu")
(cd "$two" && GOCACHE=$work/cache $build "$two/aegpu")

fail() { echo "reproducible: $1" >&2; exit 1; }
cmp "$one/aegpu" "$two/aegpu" || fail "$commit gives different programs at two paths"
facts=$("$one/aegpu" version)
grep -qx "commit $commit" <<<"$facts" || fail "the program is not of commit $commit: $facts"
for path in "$work" "$PWD" "$(go env GOMODCACHE)" "$(go env GOCACHE)"; do
  if grep -qaF "$path" "$two/aegpu"; then fail "the program names $path"; fi
done
echo "$facts"
echo "sha256 $(sha256sum <"$one/aegpu" | cut -d' ' -f1): $(stat -c %s "$one/aegpu") bytes," \
  "$("$one/aegpu" version --sbom | grep -c '"go.sum"') modules of others, the same at two paths (${SECONDS}s)"
