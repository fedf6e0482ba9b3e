#!/usr/bin/env bash
# cuda-build.sh: builds aegpu with the GPU side. It needs Go and a C compiler; cuda.h is that of /usr/local/cuda, or is fetched where
# there is none or one that does not serve (scripts/cuda-toolkit.sh).
# The program starts without a driver too, and then computes on the CPU.
#
#   scripts/cuda-build.sh [OUT]        default: build/aegpu
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
environment=$(scripts/cuda-toolkit.sh --env)
eval "$environment"
out=${1:-build/aegpu}
scripts/build.sh "$out" cuda
if readelf -d "$out" 2>/dev/null | grep -q 'NEEDED.*cuda'; then
  echo "cuda-build: $out links to the CUDA driver, so it would not start without one" >&2
  exit 1
fi
