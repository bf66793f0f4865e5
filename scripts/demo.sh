#!/usr/bin/env bash
# The main job: executes the walkthrough notebook from scratch and says where its
# results are. When something is wrong it shows what interplay doctor says.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$ROOT/scripts/setup.sh"
report=$("$ROOT/.bin/interplay" doctor 2>&1) || {
	printf '%s\n' "$report" >&2
	exit 1
}
exec "$ROOT/.bin/interplay" notebooks -only 00_walkthrough
