#!/usr/bin/env bash
# cuda-elsewhere-test.sh: builds and runs aegpu, through the simulator, on a machine that is set up for Python: the toolkit under
# /usr/local/cuda is of version 13, whose headers gorgonia.org/cu does not compile with, and cuBLASLt is in a Python package only,
# or nowhere.
#
# The toolkit is a link at /usr/local/cuda to fetched headers, for as long as it is needed to build. Where something is there
# already, or nothing can be written, or cuBLASLt is installed, it says so and tests nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
toolkit=/usr/local/cuda tmp=$(mktemp -d)
fail() { echo "cuda-elsewhere-test: $*" >&2; exit 1; }
skip() { echo "cuda-elsewhere-test: $*: not tested"; exit 0; }
clean() {
  rm -rf "$tmp"
  [ ! -L $toolkit ] || [ "$(readlink $toolkit)" != "$headers" ] || rm -f $toolkit
}
headers=$(scripts/cuda-toolkit.sh --bad13)/nvidia/cu13
trap clean EXIT
trap 'exit 1' INT TERM HUP

[ "$(readlink $toolkit 2>/dev/null)" != "$headers" ] || rm -f $toolkit # of a run that was killed
[ ! -e $toolkit ] && [ ! -L $toolkit ] || skip "there is a $toolkit"
ln -sT "$headers" $toolkit 2>/dev/null || skip "$toolkit cannot be made"

# Go's cache of what C compilers made knows flags and no headers: a flag that is new each time has cu compiled again.
export CGO_CFLAGS="-O2 -DAEGPU_ELSEWHERE=$$$RANDOM"
if CGO_ENABLED=1 go build gorgonia.org/cu 2>"$tmp/cu"; then
  fail "cu compiles with the headers of CUDA 13: those that are fetched are not needed any more"
fi
grep -q cuCtxCreate "$tmp/cu" || fail "cu does not compile, but for another reason: $(head -3 "$tmp/cu")"
scripts/cuda-build.sh "$tmp/aegpu"
rm -f $toolkit
echo "built with the toolkit of version $(sed -n 's/^#define CUDA_VERSION //p' "$headers/include/cuda.h") in $toolkit"

sim=$(scripts/cuda-sim.sh --plain)
lib=$tmp/venv/lib/python3.12/site-packages/nvidia/cu13/lib/libcublasLt.so.13
mkdir -p "$(dirname "$lib")" "$tmp/home"
cd "$tmp"
unset AEGPU_LIBCUBLASLT AEGPU_GPU_TUNING CUDA_HOME CUDA_PATH CONDA_PREFIX XDG_CACHE_HOME
export AEGPU_LIBCUDA=$sim HOME=$tmp/home VIRTUAL_ENV=$tmp/venv
tiny=(--limit 300 --epochs 1 --hidden 16 --latent 4)

# says FILE TEXT...: every text is in the file.
says() {
  local file=$1 text
  shift
  for text; do
    grep -qF -- "$text" "$file" || fail "'$text' is not in: $(cat "$file")"
  done
}

echo "== cuBLASLt is nowhere"
./aegpu devices >devices
! grep -q '^cuBLASLt:' devices || skip "$(grep '^cuBLASLt:' devices) is installed"
cat devices
says devices "0 cannot be used: no cuBLASLt" "$VIRTUAL_ENV" '/usr/local/cuda*' "--cublaslt PATH"
./aegpu devices --json | python3 -c '
import json, sys
gpu = json.load(sys.stdin)["devices"][1]
assert gpu["usable"] is False and "no cuBLASLt" in gpu["why"], gpu'
code=0
./aegpu train --device 0 "${tiny[@]}" --out refused >out 2>err || code=$?
[ $code = 3 ] && [ "$(wc -l <err)" = 1 ] || fail "train --device 0: exit $code: $(cat err)"
says err "device 0" "no cuBLASLt" "$VIRTUAL_ENV"
./aegpu train "${tiny[@]}" --out cpu >out 2>err
says err "device cpu: " "no GPU: device 0: cuda:0: no cuBLASLt"
head -1 err

echo "== cuBLASLt is what a Python package has"
ln "$sim" "$lib" 2>/dev/null || ln -s "$sim" "$lib" # the same file: driver and library are one in the simulator
./aegpu devices >devices
cat devices
says devices "cuBLASLt: $lib"
! grep -q "cannot be used" devices || fail "the GPU cannot be used"
./aegpu train --device 0 "${tiny[@]}" --out gpu --json 2>err | python3 -c '
import json, sys
run = json.load(sys.stdin)
assert run["device"] == "cuda:0" and run["steps"] > 0, run
print("trained on", run["device"], "mse", run["test"]["mse"])'
head -1 err
[ -s home/.cache/aegpu/tuning.jsonl ] || fail "no algorithms were measured"

echo "== flags win over variables"
AEGPU_LIBCUBLASLT=/nowhere/lt.so AEGPU_GPU_TUNING=/nowhere/tuning.jsonl ./aegpu train --device 0 "${tiny[@]}" --out flags \
  --cublaslt "$lib" --gpu-tuning tuning.jsonl >out 2>err
[ -s tuning.jsonl ] || fail "--gpu-tuning: no file was written: $(cat err)"
echo damaged >tuning.jsonl
code=0
./aegpu train "${tiny[@]}" --gpu-tuning tuning.jsonl --out damaged >out 2>err || code=$?
[ $code = 2 ] && [ ! -e damaged ] || fail "a damaged --gpu-tuning: exit $code: $(cat err)"
cat err
