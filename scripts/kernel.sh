#!/usr/bin/env bash
# Starts the GoNB kernel of the project's notebooks: kernel.sh CONNECTION_FILE.
# Jupyter calls it. It is a script so that the environment is the one of env.sh,
# in which the user's own GOMLX_BACKEND and INTERPLAY_RUNS win.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
unset GOWORK # GoNB makes a workspace of its own
export INTERPLAY_ROOT=$ROOT # for notebooks outside the project: its models and results

# Every cell is linked anew, which is nearly all of its overhead (LAB.md): without debug information in half
# the time, and by Go's own linker instead of the system's in two thirds of that.
export GOFLAGS="$GOFLAGS '-ldflags=-s -w -linkmode=internal'"

# Where nobody sits at the keyboard, a cell that asks for input is an error.
case $(tr '\0' ' ' </proc/$PPID/cmdline 2>/dev/null) in
*nbconvert* | *nbclient* | *papermill* | *jupyter-execute*) export INTERPLAY_UNATTENDED=1 ;;
esac
export PATH=$ROOT/scripts/kernel:$PATH

# The kernel's temporary files have a folder of their own, and its processes a mark: when
# Jupyter or the kernel ends, however it ends, nothing of them is left. A cell that went on
# would hold the lock of its run, and GoNB leaves its language server behind when it is
# killed. The watcher has a process group of its own, since Jupyter kills that of the kernel.
TMPDIR=$(mktemp -d "${TMPDIR:-/tmp}/interplay-kernel.XXXXXX")
export TMPDIR INTERPLAY_KERNEL=$$.$RANDOM$RANDOM
server=$PPID
watch_over() {
	trap '' INT TERM HUP
	while kill -0 "$server" && kill -0 $$; do sleep 0.5; done
	kill -0 "$server" || rm -f "$1" # the connection file
	for signal in TERM KILL; do
		for environment in $(grep -lsF "INTERPLAY_KERNEL=$INTERPLAY_KERNEL" /proc/[0-9]*/environ); do
			process=${environment#/proc/}
			kill -$signal "${process%/environ}"
		done
		sleep 0.3
	done
	rm -rf "$TMPDIR"
	case $(dirname "$TMPDIR") in */interplay-notebooks.*) rmdir "$(dirname "$TMPDIR")" ;; esac
}
set -m
watch_over "$1" </dev/null >/dev/null 2>&1 &
set +m

# What leaves the laboratory out of cells that do not use it (scripts/kernel/go): built in idle time, and in place at once.
mkdir "$TMPDIR/lean"
(cd "$ROOT" && GOWORK=off nice -n 5 go build -o "$TMPDIR/lean/new" ./scripts/kernel/lean && mv "$TMPDIR/lean/new" "$TMPDIR/lean/lean") </dev/null >"$TMPDIR/lean/log" 2>&1 &

# The language server reads the laboratory before the first Tab asks for it, in idle time. It is the kernel's own server,
# so what it has read is there when the kernel asks.
warm_up() {
	local socket
	for _ in $(seq 40); do
		sleep 0.5
		for socket in "$TMPDIR"/gonb_*/gopls_socket; do
			[ -S "$socket" ] || continue
			cd "$ROOT" && GOWORK=off exec nice -n 19 gopls -remote="unix;$socket" check kernelkit/lab.go
		done
	done
}
[ -n "${INTERPLAY_UNATTENDED:-}" ] || warm_up </dev/null >/dev/null 2>&1 &

# What GoNB says of itself is for those who look for a fault in it.
exec "$ROOT/.bin/gonb" --kernel "$1" --raw_error "--go_work=$ROOT" 2>"$ROOT/.cache/kernel.log"
