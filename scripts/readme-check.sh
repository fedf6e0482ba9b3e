#!/usr/bin/env bash
# Runs every command of README.md: the blocks marked sh, and the table of variants. Trainings after the first are cut to one
# epoch of few rows by flags that come last and win; tests run in .ci/run itself.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export GOBIN=$work/bin PATH=$work/bin:$PATH

commands() {
  awk '/^```sh$/ {on=1; next} /^```/ {on=0} on' README.md
  sed -n 's/^| [^|]* | `\(aegpu [^`]*\)`.*/\1/p' README.md
}

commands | sed 's/ *#.*//' | while read -r line; do
  case $line in
    "" | "go test"*) continue ;;
    "go "*) dir=$root ;;
    *) dir=$work ;;
  esac
  case $line in
    "go run"*) line="$line --out $work/first" ;;
    "aegpu train"*) line="$line --limit 500 --epochs 1 --pretrain-epochs $([[ $line == *stacked* ]] && echo 1 || echo 0) --classifier-epochs 1" ;;
    *" builtin:glyphs "*) ;;
  esac
  printf '\n$ %s\n' "$line"
  (cd "$dir" && eval "$line" </dev/null)
done
