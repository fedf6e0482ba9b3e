#!/usr/bin/env bash
# gpu-check.sh: what a machine with a GPU is to find out, prepared here and run there.
#
#   scripts/gpu-check.sh build [DIR]                 makes one folder with everything (default build/gpu-check)
#   scripts/gpu-check.sh run [DIR] [OUT] [OPTIONS]   runs it on a machine with a GPU (default OUT gpu-check-out): one JSON and a log
#
# The folder may be copied: its own `run` needs python3, the driver and cuBLASLt (of the toolkit or of a Python package), no Go
# and no network; `run --help` says what it does and in which time. Exit 0: all passed; 1: something failed or was cut; 3: no
# usable GPU. GPU_CHECK_QUICK=1 runs a few tiny pieces only. MNIST is taken from $AEGPU_DATA/mnist, else ../shared/data/mnist.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
most=50 # MiB

build() {
  local dir=${1:-build/gpu-check} data=${AEGPU_DATA:-../shared/data}/mnist size
  [ -e "$data/train-images-idx3-ubyte.gz" ] || { echo "gpu-check: no MNIST in $data: set AEGPU_DATA" >&2; exit 1; }
  mkdir -p "$dir/mnist"
  dir=$(cd "$dir" && pwd)
  rm -f "$dir/aegpu.gz"
  scripts/cuda-build.sh "$dir/aegpu"
  (
    eval "$(scripts/cuda-toolkit.sh --env)"
    go test -tags cuda -trimpath -ldflags "-s -w" -c -o "$dir/gpu.test" ./gpu
  )
  gzip -9nf "$dir/aegpu" "$dir/gpu.test" # `run` unpacks them elsewhere
  install -m 755 scripts/gpu-check-run.py "$dir/run"
  install -d "$dir/gpu_check"
  install -m 644 scripts/gpu_check/*.py "$dir/gpu_check"
  install -m 644 scripts/peers/{agree,gpu_step,torch_step}.py docs/benchmarks/gpu-predicted.json "$dir"
  install -m 644 "$data"/train-*-ubyte.gz "$dir/mnist" # losses are compared while training; no test part is needed
  git describe --always --dirty --abbrev=12 >"$dir/source" 2>/dev/null || echo unknown >"$dir/source"
  size=$(du -sm --apparent-size "$dir" | cut -f1)
  if [ "$size" -gt $most ]; then
    echo "gpu-check: $dir has $size MiB, more than $most" >&2
    exit 1
  fi
  echo "$dir: $size MiB"
}

command=${1:-}
shift || true
case $command in
  build) cd "$root" && build "$@" ;;
  run)
    dir=$root/build/gpu-check
    [[ ${1:--} == -* ]] || { dir=$1 && shift; }
    exec "$(cd "$dir" && pwd)/run" "$@"
    ;;
  *) sed -n '2,11s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
