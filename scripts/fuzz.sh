#!/usr/bin/env bash
# Runs every fuzz target of the module for FUZZTIME (default 30s) each; with packages, as in
# fuzz.sh ./kernelkit/vocab, theirs alone.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
source "$ROOT/scripts/prerequisites.sh"
require_go
cd "$ROOT"
export FUZZTIME=${FUZZTIME:-30s}
go run ./scripts/check fuzz -look "$@" # before a set-up of minutes
"$ROOT/scripts/setup.sh"
exec go run ./scripts/check fuzz "$@"
