#!/usr/bin/env bash
# notices.sh: prints the licences of the modules that are in a program, as they go with it where it is handed on.
#
#   scripts/notices.sh PROGRAM >NOTICES
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
program=${1:?PROGRAM is missing}
show() { # name, folder
  local file found=''
  for file in "$2"/LICEN[CS]E* "$2"/NOTICE*; do
    [[ -f $file ]] || continue
    found=1
    printf '\n== %s: %s\n\n' "$1" "${file##*/}"
    cat "$file"
  done
  [[ $found ]] || { echo "notices: $1 has no licence in $2" >&2; exit 1; }
}
show github.com/aegpu/aegpu .
show "Go's standard library" "$(go env GOROOT)"
go version -m "$program" | awk '$1 == "dep" {print $2}' | while read -r module; do
  show "$module" "$(go list -m -f '{{.Dir}}' "$module")"
done
