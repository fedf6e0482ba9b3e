#!/usr/bin/env bash
# Makes the figures of docs/results.md: trains on MNIST and writes the JSON of every run to $1 (default build/results).
# Takes about a quarter of an hour on 2 cores. With names after $1, only those.
#
#   scripts/results.sh [OUT [NAME...]]
set -euo pipefail
cd "$(dirname "$0")/.."
out=${1:-build/results}
shift || true
mnist=${AEGPU_DATA:-../shared/data}/mnist
mkdir -p "$out"
go build -o "$out/aegpu" ./cmd/aegpu

names=$*
run() { # name, flags...
  local name=$1
  shift
  [[ -z $names || " $names " == *" $name "* ]] || return 0
  rm -rf "${out:?}/$name"
  printf '\n== %s: aegpu train MNIST %s\n' "$name" "$*"
  "$out/aegpu" train "$mnist" "$@" --out "$out/$name" --json >"$out/$name.json"
}
evaluate() { # name of the result, run, flags...
  local name=$1 of=$2
  shift 2
  [[ -z $names || " $names " == *" $of "* ]] || return 0
  printf '\n== %s: aegpu evaluate %s %s\n' "$name" "$of" "$*"
  "$out/aegpu" evaluate "$out/$of" "$@" --json >"$out/$name.json"
}

run linear --hidden none --latent 30 --loss squared --val 0 --epochs 20 --schedule cosine
deep="--hidden 512,256 --latent 32 --val 0"
run deep-1 $deep --epochs 1
run deep-5 $deep --epochs 5
run deep $deep --epochs 20
for seed in 1 2 3; do
  run vae-$seed --model vae --hidden 400 --latent 20 --epochs 10 --val 0 --seed $seed
done
evaluate vae-iwae vae-1 --iwae-k 500 --limit 1000
run denoising --model denoising $deep --epochs 10
run plain $deep --epochs 10
evaluate denoising-corrupted denoising --corrupt masking:0.3
evaluate plain-corrupted plain --corrupt masking:0.3
run sparse --model sparse --sparsity kl:0.05:10 --epochs 10 --val 0
evaluate sparse-probe sparse --probe
run topk --model sparse --sparsity topk:25 --code-activation identity --epochs 10 --val 0
run contractive --model contractive --tied=false --contract exact:0.5 --epochs 10 --val 0
run uncontracted --model contractive --tied=false --contract none --epochs 10 --val 0
run uncontracted-4 --model contractive --tied=false --contract none --epochs 4 --val 0
run contractive-tied --model contractive --epochs 10 --val 0
run uncontracted-tied --model contractive --contract none --epochs 10 --val 0
run stacked --model stacked --hidden 1000,1000 --latent 1000 --code-activation relu --corrupt masking:0.1,masking:0.2,masking:0.3 \
  --pretrain-epochs 3 --epochs 0 --classifier finetune --classifier-epochs 8 --schedule cosine
