#!/usr/bin/env bash
# Checks what executed notebooks leave: a cell that reads standard input fails instead of
# waiting for ever, one that uses what no cell declared says so, a notebook outside the project finds the project's models, and of a run that is interrupted or killed nothing is left, no process
# and no temporary folder. Needs a project that is set up; make test runs it.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TMPDIR=$work/tmp
mkdir "$TMPDIR" "$work/asks" "$work/restarted" "$work/elsewhere" "$work/sleeps [v2]"

# notebook FILE CELL… writes a notebook.
notebook() {
	"$PYTHON" - "$@" "$work/asleep" <<-'PY'
		import json, sys
		cells = [{"cell_type": "code", "id": f"c{i}", "metadata": {}, "execution_count": None, "outputs": [],
		          "source": source.replace("ASLEEP", sys.argv[-1])} for i, source in enumerate(sys.argv[2:-1])]
		json.dump({"cells": cells, "nbformat": 4, "nbformat_minor": 5,
		           "metadata": {"kernelspec": {"name": "gonb", "display_name": "Go (gonb)", "language": "go"}}}, open(sys.argv[1], "w"))
	PY
}

# nothing_left WHAT fails when a process of a kernel is there, or a temporary file.
nothing_left() {
	local processes=
	for _ in $(seq 50); do
		processes=$(grep -lsF "TMPDIR=$work" /proc/[0-9]*/environ | cut -d/ -f3 | grep -vx $$ | xargs -r ps -o args= -p | grep -E 'gonb|gopls|nbconvert' || true)
		[ -n "$processes$(ls -A "$TMPDIR")" ] || return 0
		sleep 0.1
	done
	fail "$1 leaves something behind: $processes $(ls -A "$TMPDIR")" "see scripts/kernel.sh, which watches over a kernel"
}

notebook "$work/asks/asks.ipynb" $'import "fmt"\n%%\nvar s string\nfmt.Scanln(&s) // the error is passed over'
if "$ROOT/.bin/interplay" notebooks -dir "$work/asks" >"$work/log" 2>&1; then
	fail "a cell that reads standard input passes" "see scripts/kernel/go"
fi
grep -q "nobody is there to answer" "$work/log" || fail "a cell that reads standard input fails otherwise: $(tail -3 "$work/log")" "see scripts/kernel/go"
nothing_left "a failed run"

notebook "$work/restarted/restarted.ipynb" $'%%\nlab.About()'
if "$ROOT/.bin/interplay" notebooks -dir "$work/restarted" >"$work/log" 2>&1; then
	fail "a cell passes that uses what no cell declared" "see scripts/kernel/go"
fi
grep -q "lab is declared in the notebook's first cell: run that cell first" "$work/log" || fail "after a restart a cell says otherwise: $(tail -3 "$work/log")" "see scripts/kernel/go"

# The third cell needs nothing of the laboratory, and is linked without it; the last one does again.
notebook "$work/elsewhere/elsewhere.ipynb" $'import "interplay/kernelkit"\nvar lab = kernelkit.Open("elsewhere", "smoke", 1)' \
	$'%%\nfmt.Println(lab.Load("models/words").Label)' $'%%\nfmt.Println("hello")' $'%%\nfmt.Println(lab.Seed)'
INTERPLAY_RUNS=$work/runs "$PYTHON" -m nbconvert --log-level=WARN --to notebook --execute --output "$work/elsewhere/done.ipynb" "$work/elsewhere/elsewhere.ipynb" >"$work/log" 2>&1 ||
	fail "a notebook outside the project fails: $(tail -5 "$work/log")" "see scripts/kernel.sh"
for word in words hello; do
	grep -q "\"$word" "$work/elsewhere/done.ipynb" || fail "a notebook outside the project does not say $word: $(cat "$work/elsewhere/done.ipynb")" "see scripts/kernel/go"
done
nothing_left "a notebook outside the project"

notebook "$work/sleeps [v2]/[1]*.ipynb" $'import (\n"os"\n"time"\n)\n%%\nos.WriteFile("ASLEEP", nil, 0o644)\ntime.Sleep(time.Hour)'
for signal in TERM KILL; do
	rm -f "$work/asleep"
	"$ROOT/.bin/interplay" notebooks -dir "$work/sleeps [v2]" >"$work/log" 2>&1 &
	run=$!
	until [ -e "$work/asleep" ]; do
		kill -0 $run 2>/dev/null || fail "the run ended by itself: $(cat "$work/log")" "see build/notebooks"
		sleep 0.2
	done
	kill -$signal $run
	wait $run 2>/dev/null || true
	nothing_left "a run that SIG$signal ended"
done
echo "✓ nothing is left of failed, interrupted and killed runs"
