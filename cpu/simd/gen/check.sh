#!/usr/bin/env bash
# Regenerates package simd's assembly and fails, showing how, if the committed files differ from it.
set -euo pipefail
cd "$(dirname "$0")/.."
before=$(mktemp -d)
trap 'rm -rf "$before"' EXIT
cp ./*_{amd64,arm64}.{s,go} "$before"
GOFLAGS=-mod=mod go generate .
status=0
for f in "$before"/*; do
	diff -u "$f" "$(basename "$f")" || status=1
done
if [ $status -ne 0 ]; then
	echo "cpu/simd: the committed assembly is not what cpu/simd/gen writes; it has been written anew" >&2
fi
exit $status
