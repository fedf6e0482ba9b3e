#!/usr/bin/env bash
# mpi-env.sh: prints what a shell needs to build aegpu with MPI (the tag mpi), for the MPI whose compiler is ${MPICC:-mpicc}.
#
#   eval "$(scripts/mpi-env.sh)" && go build -tags mpi ./cmd/aegpu
#   eval "$(MPICC=mpicc.mpich scripts/mpi-env.sh)"       another than the one on the PATH
#
# Open MPI's compiler says its flags by --showme, MPICH's and those made from it by -compile_info and -link_info. The flags
# come after those that CGO_CFLAGS and CGO_LDFLAGS hold already, once, however often this is asked.
set -euo pipefail
mpicc=${MPICC:-mpicc}
command -v "$mpicc" >/dev/null || {
  echo "mpi-env: no $mpicc: install the development files of Open MPI or MPICH, or set MPICC" >&2
  exit 2
}
if compile=$("$mpicc" --showme:compile 2>/dev/null); then
  link=$("$mpicc" --showme:link)
else
  # Both name the compiler, and may name the flags of the other.
  compile=$("$mpicc" -compile_info | tr ' ' '\n' | grep '^-[ID]' | tr '\n' ' ')
  link=$("$mpicc" -link_info | tr ' ' '\n' | tail -n +2 | grep -v '^-[ID]' | tr '\n' ' ')
fi

# add VARIABLE DEFAULT FLAGS prints the export, and under AEGPU_MPI_VARIABLE what was added, which another MPI takes out.
add() {
  local flags=" ${!1:-$2} " before=AEGPU_MPI_$1 wanted
  wanted=$(xargs <<<"$3")
  flags=${flags//" ${!before:-$wanted} "/ }
  printf 'export %s=%q %s=%q\n' "$1" "$(xargs <<<"$flags $wanted")" "$before" "$wanted"
}
echo "export CGO_ENABLED=1"
add CGO_CFLAGS "-O2 -g" "$compile"
add CGO_LDFLAGS "-O2 -g" "$link"
