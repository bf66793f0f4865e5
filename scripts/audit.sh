#!/usr/bin/env bash
# What the laboratory depends on: known vulnerabilities of its Go code (govulncheck, whose
# data comes over the network), and the licences of its Go modules and Python packages.
# Ends with status 1 when a vulnerable function can be reached, or a licence is not known.
#
#   scripts/audit.sh [licences|vulnerabilities]      both without an argument
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
what=${1:-all}
case $what in all | licences | vulnerabilities) ;; *) fail "audit.sh does not know '$what'" "it knows licences and vulnerabilities" ;; esac
"$ROOT/scripts/setup.sh" --audit >&2
cd "$ROOT"
status=0

if [ "$what" != vulnerabilities ]; then
	echo "Licences of the Go modules that the programs are built from:"
	go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./... github.com/janpfeifer/gonb |
		sort -u | "$PYTHON" scripts/licences.py go || status=1
	echo "Licences of the Python packages:"
	"$PYTHON" scripts/licences.py python || status=1
fi

if [ "$what" != licences ]; then
	log=$ROOT/.cache/govulncheck.log
	if "$ROOT/.bin/govulncheck" ./... >"$log" 2>&1; then
		echo "✓ govulncheck: no vulnerable function is reached"
	elif grep -q 'GO-[0-9]' "$log"; then
		cat "$log"
		status=1
	else
		tail -3 "$log" >&2
		echo "✗ govulncheck did not run, so nothing is known of vulnerabilities: its data (vuln.go.dev, or GOVULNDB) cannot be had" >&2
		status=1
	fi
fi
exit $status
