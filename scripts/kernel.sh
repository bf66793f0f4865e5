#!/usr/bin/env bash
# Starts the GoNB kernel of the project's notebooks: kernel.sh CONNECTION_FILE.
# Jupyter calls it. It is a script so that the environment is the one of env.sh,
# in which the user's own GOMLX_BACKEND and INTERPLAY_RUNS win.
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
unset GOWORK # GoNB makes a workspace of its own
export GOFLAGS="$GOFLAGS -ldflags=-w" # every cell is linked anew: without debug information in half the time

# When Jupyter is killed outright it cannot stop its kernels: then a cell would go
# on computing, and hold the lock of its run. Jupyter starts a kernel in a process
# group of its own, so that the group can be ended.
server=$PPID
(
	trap '' TERM
	while kill -0 "$server" && kill -0 $$; do sleep 1; done
	kill -0 "$server" || { kill -TERM -- -$$; sleep 2; kill -KILL -- -$$; }
) </dev/null >/dev/null 2>&1 &

exec "$ROOT/.bin/gonb" --kernel "$1" --raw_error "--go_work=$ROOT"
