#!/usr/bin/env bash
# cuda-symbols.sh: writes gpu/internal/libcuda/symbols.inc, the list of driver functions that are bound at run time:
# everything gorgonia.org/cu refers to, and what gpu/internal/libcuda calls besides (the names below).
# Run it when the version of cu changes; --check only says whether the committed list is what it would write.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# Stream capture, graphs and page-locked memory, which cu does not bind.
extra="cuGetErrorName cuGetErrorString cuMemHostAlloc cuMemFreeHost cuCtxCreate_v2 cuCtxDestroy_v2
cuStreamBeginCapture_v2 cuStreamEndCapture cuGraphInstantiateWithFlags cuGraphLaunch cuGraphExecDestroy cuGraphDestroy
cuGraphCreate cuGraphAddChildGraphNode cuGraphGetNodes"

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
# The headers of CUDA 12 name newer versions of some functions: bind those too, so that either serves to build.
for headers in --env11 --env12; do
  mkdir "$tmp/$headers"
  (eval "$(scripts/cuda-toolkit.sh $headers)" && go build -tags cuda -o "$tmp/$headers/cu.a" gorgonia.org/cu)
  (cd "$tmp/$headers" && ar x cu.a && rm -f _go_.o)
done
{
  nm "$tmp"/*/*.o | awk '$1 == "U" && $2 ~ /^cu[A-Z]/ {want[$2]} $2 == "T" {have[$3]}
    END {for (s in want) if (!(s in have)) print s}'
  # shellcheck disable=SC2086
  printf '%s\n' $extra
} | LC_ALL=C sort -u | awk '
  BEGIN { print "/* Written by scripts/cuda-symbols.sh; do not edit. X(slot, function) */" }
  { printf "X(%d, %s)\n", NR-1, $1 }' >"$tmp/symbols.inc"

if [ "${1:-}" = --check ]; then
  diff -u gpu/internal/libcuda/symbols.inc "$tmp/symbols.inc"
else
  cp "$tmp/symbols.inc" gpu/internal/libcuda/symbols.inc
  wc -l gpu/internal/libcuda/symbols.inc
fi
