#!/usr/bin/env bash
# cuda-check.sh: all checks of the GPU side that need no GPU.
#
#   the committed symbol list and PTX are what their scripts write; the PTX assembles for every GPU, without a spill
#   go vet and every test with the tag cuda, through the simulator with its bounds and race checks
#   the conformance suite and every variant under AddressSanitizer
#   a build and runs where the toolkit is of version 13 and cuBLASLt in a Python package only
#   scripts/gpu-check.sh, without a GPU and through the simulator
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/cuda-symbols.sh --check
scripts/cuda-kernels.py --check
(eval "$(scripts/cuda-toolkit.sh --env)" && go vet -tags cuda ./...)

# A device's tests are one thread's work: the two kinds of the simulator run side by side.
log=$(mktemp)
scripts/cuda-test.sh --asan -short ./gpu/... >"$log" 2>&1 &
asan=$!
trap 'kill $asan 2>/dev/null || true; rm -f "$log"' EXIT
scripts/cuda-test.sh ./gpu/... ./kernels/...
scripts/cuda-test.sh -run Algorithms . ./cmd/aegpu
wait $asan || { cat "$log"; exit 1; }
cat "$log"

scripts/cuda-elsewhere-test.sh
scripts/gpu-check-test.sh
