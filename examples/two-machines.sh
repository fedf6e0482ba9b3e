#!/usr/bin/env bash
# One model trained on the GPUs of two machines, started by hand. On the first machine, and on the second:
#
#   examples/two-machines.sh 0 first-machine data.npy runs/one [flags of aegpu train]
#   examples/two-machines.sh 1 first-machine data.npy runs/one [flags of aegpu train]
#
# Both have as many GPUs, the same aegpu and the data at the same place; the first writes the run directory. They talk over TCP, to
# MASTER_PORT and the 16 ports after it on the first machine and by what NCCL finds: NCCL_SOCKET_IFNAME=eth0 names the network.
#
# With MPI one command starts both, and on machines without GPUs it is the way (an aegpu built with -tags mpi):
#
#   printf '%s slots=8\n' first-machine second-machine > hosts
#   mpirun --hostfile hosts --map-by slot --bind-to none aegpu train data.npy --out runs/one --resume
set -euo pipefail
machine=${1:?0 on the first machine, 1 on the second}
export MASTER_ADDR=${2:?which machine is the first?} MASTER_PORT=${MASTER_PORT:-29500}
data=${3:?which data?}
out=${4:?which run directory?}

gpus=$(nvidia-smi --list-gpus | wc -l)
export WORLD_SIZE=$((2 * gpus)) LOCAL_WORLD_SIZE=$gpus
ranks=()
for ((i = 0; i < gpus; i++)); do
  RANK=$((machine * gpus + i)) LOCAL_RANK=$i aegpu train "$data" --out "$out" --resume "${@:5}" &
  ranks+=($!)
done
trap 'kill -TERM "${ranks[@]}" 2>/dev/null || true' INT TERM HUP

code=0
for pid in "${ranks[@]}"; do
  wait "$pid" || { # a trap ends a wait
    one=$?
    while kill -0 "$pid" 2>/dev/null; do wait "$pid" || one=$?; done
    ((code)) || code=$one
  }
done
exit "$code"
