#!/usr/bin/env bash
# Runs every fuzz target of the module for FUZZTIME (default 30s) each; with packages, as in
# fuzz.sh ./kernelkit/vocab, theirs alone.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$ROOT/scripts/setup.sh"
cd "$ROOT"
FUZZTIME="${FUZZTIME:-30s}" exec go run ./scripts/check fuzz "$@"
