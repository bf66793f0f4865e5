#!/usr/bin/env bash
# Tests set-up with everything that users can get wrong, for real: each case must
# end with a message that names the cause and the remedy, and leave nothing
# half-made. Takes some minutes; needs network for a first set-up, and root (or
# user namespaces) to mount small disks and to cut the network. Not part of
# `make test`.
set -uo pipefail
project=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
work=$(mktemp -d)
trap 'umount "$work"/disk* 2>/dev/null; chmod -R u+w "$work"; rm -rf "$work"' EXIT
lab="$work/a folder/lab" # a path with a space
passed=0 failed=0

verdict() { # verdict OK NAME DETAIL
	if [ "$1" = 0 ]; then
		passed=$((passed + 1)) && echo "✓ $2"
	else
		failed=$((failed + 1)) && printf '✗ %s\n%s\n' "$2" "$3" | sed '2,$s/^/    /' | head -n 25
	fi
}

# refuses NAME WORDS COMMAND… expects COMMAND to fail with a message that holds
# every one of the words (separated by |) and no shell or Python trace.
refuses() {
	local name=$1 words=$2 out status ok=0 word
	shift 2
	out=$("$@" 2>&1 </dev/null)
	status=$?
	[ $status != 0 ] || ok=1
	IFS='|' read -ra list <<<"$words"
	for word in "${list[@]}"; do grep -qiF -- "$word" <<<"$out" || ok=1; done
	! grep -q 'Traceback\|goroutine \|: line [0-9]*:' <<<"$out" || ok=1
	verdict $ok "$name" "exit status $status, expected the words: $words
$out"
}

succeeds() { # succeeds NAME COMMAND…
	local name=$1 out status
	shift
	out=$("$@" 2>&1 </dev/null)
	status=$?
	verdict $status "$name" "$out"
}

nothing_left() { # nothing_left NAME: no environment that is half made
	local left
	left=$(cd "$lab" && [ ! -f .venv/.stamp ] && ls -d .venv .venv.old 2>/dev/null)
	verdict "$([ -z "$left" ]; echo $?)" "$1: nothing half-made is left" "$left"
}

# path_without PATTERN prints a PATH of links to every command but those that match.
path_without() {
	local dir d f
	dir=$(mktemp -d "$work/path.XXXX")
	IFS=: read -ra dirs <<<"$PATH"
	for d in "${dirs[@]}"; do
		for f in "$d"/*; do
			[ ! -e "$f" ] || [[ $(basename "$f") =~ ^($1)$ ]] || [ -e "$dir/$(basename "$f")" ] || ln -s "$f" "$dir/"
		done
	done
	echo "$dir"
}

stub() { # stub PATH NAME: a command in PATH from standard input
	rm -f "$1/$2" && { echo '#!/bin/sh' && cat; } >"$1/$2" && chmod +x "$1/$2"
}

offline() { unshare -rn "$@"; }

# on_disk OPTIONS SCRIPT runs a shell script with $disk, a mounted disk of its own.
on_disk() {
	mkdir -p "$work/disk"
	lab=$lab disk=$work/disk unshare -rm bash -c 'mount -t tmpfs -o "$0" tmpfs "$disk" && eval "$1"' "$1" "$2"
}

copy_project() {
	mkdir -p "$lab"
	(cd "$project" && tar cf - --exclude=./.git --exclude='./.[!.cg]*' --exclude=./.cache --exclude=./build --exclude=./runs .) | tar xf - -C "$lab"
}

setup() { make -C "$lab" setup; }
demo() { make -C "$lab" demo; }
doctor() { (cd "$lab" && scripts/in-project.sh .bin/interplay doctor); }

copy_project
python_pattern='python.*|pip.*|pyenv'

echo "Before anything is set up"
path=$(path_without "$python_pattern")
PATH=$path refuses "no Python" "no Python|python3|install" setup
nothing_left "no Python"
stub "$path" python3 <<<'echo 3.9.18'
PATH=$path refuses "Python too old" "too old|3.9.18|3.11|INTERPLAY_PYTHON" setup
nothing_left "Python too old"
stub "$path" python3 <<<'case "$2" in *ensurepip*) exit 1 ;; *) echo 3.12.3 ;; esac'
PATH=$path refuses "Python without venv" "3.12.3|venv|apt install python3-venv" setup
PATH=$(path_without go) refuses "no Go" "no Go|install Go" setup
path=$(path_without go)
stub "$path" go <<<'[ "$1" = env ] && echo go1.22.1'
PATH=$path refuses "Go too old" "too old|1.22.1|GOTOOLCHAIN" setup
path=$(path_without uname)
stub "$path" uname <<<'case "$1" in -s) echo Darwin ;; *) echo arm64 ;; esac'
PATH=$path refuses "macOS" "Darwin arm64|Linux on x86_64 and aarch64|container|docs/install.md" setup
# A real old Go, which may or may not fetch the one that go.mod asks for.
if (cd / && GOTOOLCHAIN=go1.21.13 go version) >/dev/null 2>&1; then
	old=$(go env GOMODCACHE)/golang.org/toolchain@v0.0.1-go1.21.13.linux-$(go env GOARCH)/bin
	for choice in local auto; do
		out=$(cd "$lab" && GOENV=off GOTOOLCHAIN=$choice PATH=$old:$PATH bash -c 'source scripts/env.sh && source scripts/prerequisites.sh && require_go && echo fine' 2>&1)
		case $choice in local) words='too old: found 1.21.13' ;; auto) words=fine ;; esac
		verdict "$(grep -q "$words" <<<"$out"; echo $?)" "Go 1.21.13 with GOTOOLCHAIN=$choice" "$out"
	done
fi
CC=no-such-compiler refuses "no C compiler" "no C compiler|no-such-compiler|gcc" setup
mkdir "$work/home1"
HOME=$work/home1 refuses "no network for Python packages" "no network|PIP_INDEX_URL|run the same command again" offline make -C "$lab" setup
nothing_left "no network"
HOME=$work/home1 refuses "no network, make demo" "no network" offline make -C "$lab" demo
refuses "project on a small disk" "disk full|MB are free|free some space" on_disk size=60m 'cp -r "$lab" "$disk/lab" && make -C "$disk/lab" setup'
refuses "temporary folder on a full disk" "disk is full|free some space" on_disk size=1m 'head -c 1M /dev/zero >"$disk/fill"; TMPDIR=$disk make -C "$lab" setup'
nothing_left "full disk"
rm -rf "$lab/.venv" "$lab/.bin"
refuses "project on a read-only disk" "cannot be written|read-only" on_disk size=60m 'cp -r "$lab" "$disk/lab" && mount -o remount,ro "$disk" && make -C "$disk/lab" setup'

echo "Set-up"
make -C "$lab" setup >"$work/killed.log" 2>&1 &
while [ ! -d "$lab/.venv/lib" ]; do sleep 0.1; done
sleep 3
kill -9 $(pgrep -P $!)
wait 2>/dev/null
succeeds "set-up after a kill -9 in the middle of it" setup
began=$(date +%s%N)
succeeds "a second set-up" setup
took=$((($(date +%s%N) - began) / 1000000))
verdict "$([ $took -lt 5000 ]; echo $?)" "the second set-up took $took ms, less than 5 s" ""
succeeds "doctor finds nothing wrong" doctor
mkdir "$work/empty"
with_empty_home() { # everything anew, with the caches elsewhere
	rm -rf "$lab/.venv" "$lab/.bin"
	local modules builds wheels
	modules=$(go env GOMODCACHE) builds=$(go env GOCACHE) wheels=$(python3 -m pip cache dir)
	HOME=$work/empty GOMODCACHE=$modules GOCACHE=$builds PIP_CACHE_DIR=$wheels bash -c 'make -C "$0" setup && cd "$0" && .bin/interplay doctor' "$lab"
}
succeeds "set-up with an empty HOME" with_empty_home
left=$(find "$work/empty" -mindepth 1)
verdict "$([ -z "$left" ]; echo $?)" "nothing but Go's and pip's caches is written to HOME" "$left"
succeeds "set-up without HOME" env -u HOME GOMODCACHE="$(go env GOMODCACHE)" GOCACHE="$(go env GOCACHE)" make -C "$lab" setup
mkdir "$work/home2"
HOME=$work/home2 refuses "no network for Go modules" "no network|GOPROXY|run the same command again" offline bash -c 'rm -f "$0"/.bin/.gonb.stamp && make -C "$0" setup' "$lab"
succeeds "set-up with everything there needs no network" offline make -C "$lab" setup

echo "When it is set up"
plugin=$(readlink -f "$lab/.venv/pjrt/pjrt_c_api_cpu_plugin.so")
mv "$plugin" "$plugin.whole"
refuses "plugin missing" "✗ Backend|missing|make setup" doctor
refuses "plugin missing, make demo" "✗ Backend|missing|make setup" demo
head -c 100M "$plugin.whole" >"$plugin"
refuses "plugin truncated" "✗ Backend|not a whole|make setup" doctor
refuses "plugin truncated, make demo" "✗ Backend|not a whole|make setup" demo
succeeds "make setup fetches a damaged plugin again" setup
succeeds "and then it opens" doctor
GOMLX_BACKEND=abacus refuses "unknown backend" "✗ Backend|abacus|xla:cpu|GOMLX_BACKEND" demo
GOMLX_BACKEND=xla:cuda refuses "no CUDA plugin" "✗ Backend|make setup-cuda" demo
refuses "unknown profile" "✗ Settings|huge|smoke|PROFILE" make -C "$lab" demo PROFILE=huge
refuses "seed that is no number" "✗ Settings|seed|one" make -C "$lab" demo SEED=one
refuses "run folder read-only" "✗ Run folder|read-only|INTERPLAY_RUNS" on_disk ro,size=1m 'INTERPLAY_RUNS=$disk make -C "$lab" demo'
refuses "run folder on a full disk" "✗ Run folder|no space left|INTERPLAY_RUNS" on_disk size=1m 'head -c 1M /dev/zero >"$disk/fill"; INTERPLAY_RUNS=$disk make -C "$lab" demo'
refuses "run folder on a small disk" "✗ Disk|disk full|INTERPLAY_RUNS" on_disk size=20m 'INTERPLAY_RUNS=$disk make -C "$lab" demo'
mkdir "$work/runs" && echo '{"format": 9999}' >"$work/runs/store.json"
INTERPLAY_RUNS=$work/runs refuses "run folder of another version" "✗ Run folder|9999|INTERPLAY_RUNS" demo
rm "$lab/.venv/.stamp"
notebooks() { cd "$lab" && .bin/interplay notebooks; }
refuses "unfinished environment" "not set up|make setup" notebooks

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
