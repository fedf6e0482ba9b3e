#!/usr/bin/env bash
# One model trained on 16 GPUs of two machines, under Slurm:
#
#   sbatch examples/slurm.sh /shared/data.npy /shared/runs/one [flags of aegpu train]
#
# Each task is a rank and takes the GPU of its number on its machine: all ranks of a machine see all of its GPUs, since NCCL
# needs to see those that it talks to. A minute before its time is up, or where it is preempted, the job is told; aegpu then writes
# its checkpoint, and the job is queued again and goes on from there. Numbers of machines and GPUs may change in between.
#
# On machines without GPUs, with an aegpu that was built with MPI: leave out --gpus-per-node and --gpu-bind, and srun --mpi=pmix.
#
#SBATCH --job-name=aegpu
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=8
#SBATCH --gpus-per-node=8
#SBATCH --cpus-per-task=4
#SBATCH --time=04:00:00
#SBATCH --signal=TERM@60
#SBATCH --requeue
#SBATCH --open-mode=append
set -euo pipefail
data=${1:?which data?}
out=${2:?which run directory?}

code=0
srun --gpu-bind=none --kill-on-bad-exit=1 aegpu train "$data" --out "$out" --resume "${@:3}" || code=$?
if ((code == 143)); then # terminated: the run can go on
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
