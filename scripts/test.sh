#!/usr/bin/env bash
# Every check that CI runs; ends with a line "N passed, N failed". With names of packages,
# as in test.sh kernelkit/verify, their checks alone.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$ROOT/scripts/setup.sh" --checks || {
	echo "0 passed, 1 failed"
	exit 1
}
cd "$ROOT"
go build -o .bin/check ./scripts/check && exec .bin/check "$@"
