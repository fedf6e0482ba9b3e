#!/usr/bin/env bash
# cuda-toolkit.sh: fetches the pinned pieces of CUDA that building aegpu's GPU side needs, and says where they are.
#
#   scripts/cuda-toolkit.sh            fetch the headers (cuda.h: enough for `go build -tags cuda`), print the folder
#   scripts/cuda-toolkit.sh --nvrtc    also the run-time compiler and the assembler that scripts/cuda-kernels.py uses (70 MB)
#   scripts/cuda-toolkit.sh --env      print what a shell needs to build here: eval "$(scripts/cuda-toolkit.sh --env)"
#   scripts/cuda-toolkit.sh --env11    the same with the headers of CUDA 11.8, whatever is installed
#   scripts/cuda-toolkit.sh --env12    or those of CUDA 12.6, to see that these do too
#   scripts/cuda-toolkit.sh --bad13    fetch the headers of CUDA 13, which do not, for scripts/cuda-elsewhere-test.sh
#
# Where the toolkit under /usr/local/cuda is of version 11 or 12, --env fetches nothing: gorgonia.org/cu looks for its headers
# there. They do not compile with those of 13, so on a machine with these the fetched ones come first.
# The folder is ${AEGPU_CUDA:-build/cuda}; what is there already, with the right version, is not fetched again.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
dest=${AEGPU_CUDA:-$root/build/cuda}

# package==version  sha256 of the wheel. 11.8 because its PTX loads on every driver since 520; the assembler is of 13, which
# knows the newest GPUs.
runtime="nvidia-cuda-runtime-cu11==11.8.89 92d04069a987e1fbc9213f8376d265df0f7bb42617d44f5eda1f496acea7f2d1"
runtime12="nvidia-cuda-runtime-cu12==12.6.77 ba3b56a4f896141e25e19ab287cd71e52a6a0f4b29d0d31609f60e3b4d5219b7"
runtime13="nvidia-cuda-runtime==13.0.96 7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548"
nvrtc="nvidia-cuda-nvrtc-cu11==11.8.89 a8d02f3cba345be56b1ffc3e74d8f61f02bb758dd31b0f20e12277a5a244f756"
nvcc13="nvidia-cuda-nvcc==13.5.37 f5c4f7ead5d964fb4af42bbf1e6d3ec3c1e6e9d83b53749f691d387e7fcaa3a7"

say() { echo "cuda-toolkit: $*" >&2; }

# fetch PACKAGE==VERSION SHA256 unpacks one wheel under $dest, once.
fetch() {
  local spec=$1 sum=$2 stamp="$dest/.have-$1" tmp
  [ -e "$stamp" ] && return 0
  mkdir -p "$dest"
  tmp=$(mktemp -d "$dest/.fetch-XXXXXX")
  trap 'rm -rf "$tmp"' RETURN
  say "fetching $spec"
  echo "$spec --hash=sha256:$sum" >"$tmp/pin.txt"
  python3 -m pip download -q --disable-pip-version-check --no-deps --only-binary=:all: \
    --platform manylinux2014_x86_64 --platform manylinux1_x86_64 --require-hashes -d "$tmp" -r "$tmp/pin.txt"
  python3 -m zipfile -e "$tmp"/*.whl "$dest"
  touch "$stamp"
}

# installed: the toolkit under /usr/local/cuda has headers that cu compiles with.
installed() {
  local version
  version=$(sed -n 's/^#define CUDA_VERSION \([0-9]*\).*/\1/p' /usr/local/cuda/include/cuda.h 2>/dev/null) || return 1
  [ "${version:-0}" -ge 11000 ] && [ "$version" -lt 13000 ]
}

want=headers
case "${1:-}" in
  "") ;;
  --nvrtc) want=$1 ;;
  --env) if installed; then want=installed; else want=--env; fi ;;
  --env11) want=--env ;;
  --env12) want=--env dest=$dest/12 runtime=$runtime12 ;;
  --bad13) dest=$dest/13 runtime=$runtime13 ;;
  *) sed -n '2,15s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac

if [ "$want" = installed ]; then
  echo "export CGO_ENABLED=1"
  exit
fi
# shellcheck disable=SC2086 # each pin is "spec sum"
fetch $runtime
if [ "$want" = --nvrtc ]; then
  # shellcheck disable=SC2086
  fetch $nvrtc
  # shellcheck disable=SC2086
  fetch $nvcc13
  chmod +x "$dest/nvidia/cu13/bin/ptxas"
fi
if [ "$want" = --env ]; then
  echo "export CGO_ENABLED=1"
  # Its headers come first, whatever CGO_CFLAGS names already, and once, however often this is asked.
  include=-I$dest/nvidia/cuda_runtime/include
  flags=" ${CGO_CFLAGS:--O2 -g} "
  flags=${flags//" $include "/ }
  printf 'export CGO_CFLAGS=%q\n' "$include${flags%% }"
else
  echo "$dest"
fi
