#!/usr/bin/env bash
# Tests workers on a local Slurm: a smoke study by eight workers, of which one is killed
# every five seconds, one is put back into the queue, one is stopped for longer than its
# lease, one node dies and comes back, and the disk is full for a while. Every digest must be
# that of a run in one process. Job files of all three batch systems are checked by these
# systems' own parsers or schemas.
#
#   scripts/cluster/check.sh [STUDY] [calm|kills]
#
# Without a study it is a tiny one, twelve stages of seconds.
# calm disturbs nothing, and compares the time with the forecast of interplay run -plan;
# kills kills workers and does nothing else, for a time that is theirs alone.
# Exit status 3: it cannot be run here; the reason is on the last line. Needs root for the
# small disk; without, that part is left out.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../env.sh"
study=${1:-tiny}
calm= kills_only=
case ${2:-} in
'') ;;
calm) calm=1 ;;
kills) kills_only=1 ;;
*) fail "check.sh does not know '$2'" "it knows calm and kills; without, all disturbances" ;;
esac
cd "$ROOT"
here=scripts/cluster
work=$ROOT/.cache/slurm/check
alone=$work/alone many=$work/many
failures=0

say() { printf '%s  %s\n' "$(date +%T)" "$*"; }
check() { # WHAT COMMAND…
	if "${@:2}" >"$work/out.txt" 2>&1; then
		say "✓ $1"
	else
		say "✗ $1"
		sed 's/^/    /' "$work/out.txt" | tail -n 20
		failures=$((failures + 1))
	fi
}

calculate() { awk "BEGIN { printf \"%.2f\", $1 }"; }

finish() {
	[ -z "${monitor:-}" ] || kill "$monitor" 2>/dev/null || true
	"$here/slurm.sh" stop || true
	! mountpoint -q "$many" || umount -l "$many"
}
trap finish EXIT

! mountpoint -q "$many" || umount -l "$many"
rm -rf "$work"
mkdir -p "$alone" "$many"
if [ "$study" = tiny ]; then
	study=$work/tiny.json
	interplay run exposure -profile smoke -print | python3 $here/tiny.py >"$study"
fi
"$here/slurm.sh" start
slurm() { "$here/slurm.sh" in "$@"; }

# Job files.
INTERPLAY_RUNS=$many interplay submit "$study" -slurm -print -cluster $here/local.json >"$work/job.sh"
check "Slurm takes the job's script (sbatch --test-only)" slurm sbatch --test-only "$work/job.sh"
INTERPLAY_RUNS=$many interplay submit "$study" -kubernetes -print -cluster $here/example.json >"$work/job.json"
INTERPLAY_RUNS=$many interplay submit "$study" -condor -print -cluster $here/example.json >"$work/job.sub"
if [ ! -x .cache/slurm/venv/bin/python ]; then
	rm -rf .cache/slurm/venv
	"${PYTHON:-python3}" -m venv .cache/slurm/venv && .cache/slurm/venv/bin/python -m pip install --quiet --no-input --require-hashes \
		--only-binary :all: -r $here/requirements.txt >"$work/pip.log" 2>&1 || rm -rf .cache/slurm/venv
fi
if [ -x .cache/slurm/venv/bin/python ]; then
	check "the Kubernetes manifest passes its schema" .cache/slurm/venv/bin/python $here/schemas.py kubernetes "$work/job.json"
	check "HTCondor's parser takes the submit description" .cache/slurm/venv/bin/python $here/schemas.py condor "$work/job.sub"
else
	say "- the manifests for Kubernetes and HTCondor are not checked: $(tail -n 1 "$work/pip.log")"
fi

# measure RUNS adds up the processor time of interplay on a run folder; measured ends that and sets cpu.
measure() {
	python3 $here/cpu.py "$1" >"$work/cpu.txt" &
	monitor=$!
}
measured() {
	kill -TERM "$monitor"
	wait "$monitor" || true
	monitor=
	cpu=$(cat "$work/cpu.txt")
}

# One process. Each side begins without a compiled program.
export INTERPLAY_PROGRAMS=$work/programs-alone
measure "$alone"
began=$(date +%s.%N)
INTERPLAY_RUNS=$alone interplay run "$study" -out "$work/results" >"$work/alone.txt" 2>&1 || { tail "$work/alone.txt"; exit 1; }
time_alone=$(calculate "$(date +%s.%N) - $began")
measured
cpu_alone=$cpu
say "one process needed $time_alone s, $cpu_alone s of processors"

# Many.
INTERPLAY_RUNS=$alone interplay run "$study" -plan -cluster $here/local.json -afresh >"$work/forecast.txt"
forecast=$(sed -n 's/^last stage ends after *\([0-9.]* [a-z]*\) .*/\1/p' "$work/forecast.txt")
small=
if [ -z "$calm$kills_only" ] && mount -t tmpfs -o size=2m tmpfs "$many" 2>/dev/null; then small=1; fi
export INTERPLAY_RUNS=$many INTERPLAY_PROGRAMS=$work/programs-many
measure "$many"
began=$(date +%s.%N)
slurm interplay submit "$study" -slurm -cluster $here/local.json >"$work/submit.txt"

workers() { # process ids of workers, of a node where one is named
	local pid
	for pid in $(grep -lsaz "^INTERPLAY_RUNS=$many\$" /proc/[0-9]*/environ | cut -d/ -f3); do
		if tr '\0' ' ' <"/proc/$pid/cmdline" | grep -q '^interplay work'; then echo "$pid"; fi
	done 2>/dev/null # processes come and go
}
stages=$(INTERPLAY_RUNS=$alone interplay status "$study" -json | python3 -c 'import json, sys; print(len(json.load(sys.stdin)))')
left() { # stages, by their seals: interplay status would cost the workers a tenth of the machine
	local done=("$many"/*/done.json)
	[ -e "${done[0]}" ] || done=()
	echo $((stages - ${#done[@]}))
}
any() { workers | shuf -n 1; }

kills=0 full=0
for second in $(seq 900); do
	sleep 1
	[ "$(left)" != 0 ] || break
	if [ $((second % 5)) -eq 0 ]; then
		if [ -z "$calm" ] && victim=$(any) && [ -n "$victim" ]; then
			! kill -KILL "$victim" 2>/dev/null || kills=$((kills + 1))
		fi
	fi
	[ -z "$calm$kills_only" ] || continue
	case $second in
	12)
		say "one job goes back into the queue"
		slurm scontrol requeue "$(slurm squeue -h -t running -o %A | head -n 1)" || true
		;;
	17)
		stopped=$(any)
		say "worker ${stopped:-none} is stopped for 15 s; its lease is 10 s"
		[ -z "$stopped" ] || kill -STOP "$stopped" || true
		;;
	24)
		say "node 4 dies"
		$here/slurm.sh node 4 stop || true
		;;
	32)
		[ -z "$stopped" ] || kill -CONT "$stopped" 2>/dev/null || true
		say "node 4 comes back"
		$here/slurm.sh node 4 start || true
		;;
	esac
	if [ -n "$small" ] && [ $full -eq 0 ] && grep -qs "disk of .* is full" "$many"/jobs/*.txt 2>/dev/null; then
		full=$second
		say "the disk was full; it grows"
		mount -o remount,size=200m "$many"
	elif [ -n "$small" ] && [ $full -eq 0 ] && [ "$second" -eq 60 ]; then
		mount -o remount,size=200m "$many"
	fi
done
time_many=$(calculate "$(date +%s.%N) - $began")
measured
cpu_many=$cpu
say "eight workers needed $time_many s, $cpu_many s of processors, with $kills of them killed"
say "that is $(calculate "$time_many / $time_alone") times the time and $(calculate "$cpu_many / $cpu_alone") times the processors' time of one process"
say "by the times of its stages in one process the forecast, without disturbance, was $forecast"

check "every digest is that of one process" python3 $here/digests.py "$alone" "$many"
check "nothing is left in the working folder" bash -c "! ls -A '$many/working' | grep ."
[ -n "$calm" ] || grep -hs "lease was lost" "$many"/jobs/*.txt | head -n 3 || true
[ $failures -eq 0 ] || { tail -n 5 "$many"/jobs/*.txt; exit 1; }
