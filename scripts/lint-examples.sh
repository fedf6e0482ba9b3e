#!/usr/bin/env bash
# lint-examples.sh: the scripts of examples/ by shellcheck, or where that is not installed by bash alone. What they and the YAML
# files do is tested (cmd/aegpu/examples_test.go).
set -euo pipefail
cd "$(dirname "$0")/.."
if command -v shellcheck >/dev/null; then
  shellcheck examples/*.sh
else
  echo "shellcheck is not installed: syntax alone"
  for f in examples/*.sh; do bash -n "$f"; done
fi
