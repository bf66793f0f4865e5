#!/usr/bin/env bash
# Runs every fuzz target of the module for FUZZTIME (default 30s) each; with packages, as in
# fuzz.sh ./kernelkit/vocab, theirs alone.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$ROOT/scripts/setup.sh"
cd "$ROOT"
failed=0
for package in $(go list "${@:-./...}"); do
	for target in $(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true); do
		echo "· $package $target"
		go test -run '^$' -fuzz "^$target\$" -fuzztime "${FUZZTIME:-30s}" "$package" || failed=$((failed + 1))
	done
done
[ "$failed" = 0 ] || fail "$failed fuzz targets found a failing input" "go test runs it again from testdata/fuzz; make it a test and fix the cause"
