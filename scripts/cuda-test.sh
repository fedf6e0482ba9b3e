#!/usr/bin/env bash
# cuda-test.sh: `go test -tags cuda` of the GPU side on a machine without a GPU, through the simulator.
#
#   scripts/cuda-test.sh [--plain|--asan] [go test arguments]        default: ./gpu/... ./kernels/...
#
# It fetches the headers, builds the simulator (scripts/cuda-sim.sh) and points the driver's and cuBLASLt's paths at it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
eval "$(scripts/cuda-toolkit.sh --env)"
kind=
if [ "${1:-}" = --asan ] || [ "${1:-}" = --plain ]; then
  kind=$1
  shift
fi
AEGPU_CUDASIM=$(scripts/cuda-sim.sh $kind)
export AEGPU_CUDASIM
if [ "$kind" = --asan ]; then
  LD_PRELOAD=$(g++ -print-file-name=libasan.so)
  export LD_PRELOAD ASAN_OPTIONS=detect_leaks=0:handle_segv=0:use_sigaltstack=0
fi
[ $# -gt 0 ] || set -- ./gpu/... ./kernels/...
exec go test -tags cuda "$@"
