#!/usr/bin/env bash
# mpi-test.sh: builds with each MPI that is installed, of Open MPI and MPICH, and runs the tests of ranks that add up by it. They
# start mpirun themselves, on this machine alone, also as root and with more ranks than cores.
#
#   scripts/mpi-test.sh            the gate's; says and skips what is not installed
#   AEGPU_RANK_KILLS=20 scripts/mpi-test.sh      so many kills and stops of a rank, and not 4
set -euo pipefail
cd "$(dirname "$0")/.."
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_btl_vader_single_copy_mechanism=none

# find_mpi NAME WORD sets the compiler and the mpirun of an MPI, by the names that Debian gives them, or the common ones
# where mpirun --version says the word.
find_mpi() {
  local name=$1 word=$2
  MPICC=mpicc.$name MPIRUN=mpirun.$name
  if ! command -v "$MPICC" "$MPIRUN" >/dev/null; then
    MPICC=mpicc MPIRUN=mpirun
    mpirun --version 2>/dev/null | grep -q "$word" && command -v mpicc >/dev/null || return 1
  fi
  export MPICC MPIRUN
}

# run NAME WORD COMMANDS runs the tests with an MPI, of cmd/aegpu those named so.
run() {
  local name=$1 word=$2 commands=$3
  if ! find_mpi "$name" "$word"; then
    echo "$name is not installed here: not tested"
    return
  fi
  echo "-- $name ($SECONDS s)"
  eval "$(scripts/mpi-env.sh)"
  go test -count 1 -tags mpi ./dist ./train -run 'MPI'
  go test -count 1 -tags mpi ./cmd/aegpu -run "$commands"
}

run openmpi 'Open MPI' '^(TestRanksAreStopped|TestRanksKilledAtRandomInstants)$'
run mpich HYDRA '^TestRanksAreStopped$'
echo "-- done ($SECONDS s)"
