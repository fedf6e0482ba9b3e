#!/usr/bin/env bash
# cuda-sim.sh: builds the simulator of libcuda, cuBLASLt and NCCL (gpu/cudasim) and prints the path of its library.
#
#   scripts/cuda-sim.sh            kernels with the bounds and race checks (g++ -fsanitize=thread's hooks, answered by us)
#   scripts/cuda-sim.sh --plain    kernels without checks: faster
#   scripts/cuda-sim.sh --asan     everything under AddressSanitizer
#
# It is built again only when a source has changed. The kernels are those of the committed PTX: run scripts/cuda-kernels.py
# first when one was added.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
src=gpu/cudasim/src
flags=(-std=c++17 -O2 -g -fPIC -fno-strict-aliasing -ffp-contract=off -fvisibility=hidden -Wall -Wno-unused-function -Wno-unknown-pragmas)
case "${1:-}" in
  "") kind=checked checks=(-fsanitize=thread --param tsan-instrument-func-entry-exit=0) all=() ;;
  --plain) kind=plain checks=() all=() ;;
  --asan) kind=asan checks=() all=(-fsanitize=address -fno-omit-frame-pointer) ;;
  *) sed -n '2,10s/^# \{0,1\}//p' "$0" >&2; exit 2 ;;
esac
defs=-Wl,-z,defs # every symbol is there, but for the sanitizer's, which the program loads
[ $kind != asan ] || defs=
out=build/cudasim/$kind
mkdir -p "$out"
stamp=$(cat scripts/cuda-sim.sh $src/* kernels/*.cu kernels/*.cuh kernels/ptx/* gpu/cudasim/testdata/*.cu gpu/cudasim/testdata/ptx/* |
  sha256sum | cut -c1-16)
# The path has the sources' hash, so that go test does not take results with another library from its cache.
lib=$PWD/$out/$stamp/libcudasim.so
if [ -e "$lib" ]; then
  echo "$lib"
  exit
fi

# wrapper CU PTX: the translation unit that compiles a kernel source for the CPU and registers its entries. An entry whose
# PTX waits (barriers, shuffles, votes) runs on fibers.
wrapper() {
  echo "#include \"$PWD/$1\""
  awk '/\.entry/ { name = $0; sub(/.*\.entry /, "", name); sub(/\(.*/, "", name); waits = "false" }
       /^\t(bar|barrier|shfl|vote)\./ || / (bar|barrier|shfl|vote)\.[a-z]/ { waits = "true" }
       /^}/ && name != "" { print "SIM_KERNEL(" name ", " waits ")"; name = "" }' "$2"
}

objects=()
for cu in kernels/*.cu gpu/cudasim/testdata/*.cu; do
  name=$(basename "$cu" .cu)
  wrapper "$cu" "$(dirname "$cu")/ptx/$name.ptx" >"$out/$name.sim.cc"
  objects+=("$out/$name.o")
  g++ "${flags[@]}" "${checks[@]}" "${all[@]}" -include $src/shim.h -Ikernels -c "$out/$name.sim.cc" -o "$out/$name.o"
done
for cc in $src/*.cc; do
  objects+=("$out/$(basename "$cc" .cc).sim.o")
  g++ "${flags[@]}" -O3 "${all[@]}" "-DSIM_KIND=\"$kind\"" -c "$cc" -o "$out/$(basename "$cc" .cc).sim.o"
done
g++ -c $src/fiber.S -o "$out/fiber.o"
mkdir -p "${lib%/*}"
g++ "${all[@]}" -shared $defs -pthread -Wl,-soname,libcudasim.so -o "$lib.new" "${objects[@]}" "$out/fiber.o"
mv "$lib.new" "$lib"
echo "$lib"
