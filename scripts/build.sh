#!/usr/bin/env bash
# build.sh: builds aegpu as it is released: the same bytes from one commit wherever it lies (scripts/reproducible.sh), with version
# and commit in it (aegpu version), and without the libraries that only programs of others need (docs/dependencies.md).
# -buildid= because with cgo Go's own identifier depends on where the headers lie.
# Go itself makes the version, of the tag at the commit, or of the commit's date and hash where there is none.
#
#   scripts/build.sh [OUT [TAG]]       default: build/aegpu; TAG cuda needs what scripts/cuda-build.sh sets up
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
out=${1:-build/aegpu} tags=notensor,urfave_cli_no_docs cgo=0
if [[ ${2:-} == cuda ]]; then tags=cuda,$tags cgo=1; fi
CGO_ENABLED=$cgo GOFLAGS= go build -buildvcs=true -trimpath -tags "$tags" -ldflags "-s -w -buildid=" -o "$out" ./cmd/aegpu
if ! go version -m "$out" | grep -q vcs.revision; then
  echo "build: $out does not know its commit: this is no clone (Go looks for .git as a folder)" >&2
fi
