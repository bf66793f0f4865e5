# Sourced by every script: says where the project is, and sets an environment in
# which nothing outside the project's folder is written but Go's and pip's own
# caches. Sourcing it twice changes nothing.

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)

# fail CAUSE REMEDY prints both and ends the script.
fail() {
	printf '✗ %s\n  → %s\n' "$1" "$2" >&2
	exit 1
}

case $ROOT in
*[:,]*) fail "the project's path $ROOT contains ':' or ','; search paths and GoNB's list of modules are split there" \
	"move the project to a folder without them" ;;
esac

# Without a usable home folder, Go and pip keep their caches in the project.
if [ -z "${HOME:-}" ] || [ ! -d "$HOME" ] || [ ! -w "$HOME" ]; then
	export HOME=$ROOT/.cache/home
fi

# Go's and pip's own caches and settings stay where they are; every other program
# that asks for a cache or settings folder gets one in the project.
user_cache=${XDG_CACHE_HOME:-$HOME/.cache}
user_config=${XDG_CONFIG_HOME:-$HOME/.config}
export GOENV=${GOENV:-$user_config/go/env}
if [ -z "${GOCACHE:-}" ] && ! grep -qs '^GOCACHE=' "$GOENV"; then
	export GOCACHE=$user_cache/go-build
fi
export PIP_CACHE_DIR=${PIP_CACHE_DIR:-$user_cache/pip}
if [ -z "${PIP_CONFIG_FILE:-}" ] && [ -f "$user_config/pip/pip.conf" ]; then
	export PIP_CONFIG_FILE=$user_config/pip/pip.conf
fi
export XDG_CACHE_HOME=$ROOT/.cache
export XDG_CONFIG_HOME=$ROOT/.cache/config
export TEST_TELEMETRY_DIR=$ROOT/.cache/telemetry # where the go command counts its uses

# The same build for everyone: no workspace above the project, no flags of the
# user's, and cgo, which the PJRT binding needs.
export GOWORK=off GOFLAGS=-buildvcs=false CGO_ENABLED=1

# Python: the project's own packages only.
unset PYTHONPATH PYTHONHOME
export PYTHONNOUSERSITE=1 PYTHONUTF8=1 PIP_USER=0 PIP_DISABLE_PIP_VERSION_CHECK=1

# Jupyter: settings, data and runtime files in the project.
export JUPYTER_CONFIG_DIR=$ROOT/.jupyter/config
export JUPYTER_DATA_DIR=$ROOT/.jupyter/data
export JUPYTER_RUNTIME_DIR=$ROOT/.jupyter/runtime
export IPYTHONDIR=$ROOT/.jupyter/ipython
PYTHON=$ROOT/.venv/bin/python

# The laboratory: tools, PJRT plugin, backend, run store. The plugin is never
# downloaded behind the user's back; the user's own choices win.
case ":$PATH:" in *":$ROOT/.bin:"*) ;; *) export PATH=$ROOT/.bin:$PATH ;; esac
case ":${PJRT_PLUGIN_LIBRARY_PATH:-}:" in
*":$ROOT/.venv/pjrt:"*) ;;
*) export PJRT_PLUGIN_LIBRARY_PATH=$ROOT/.venv/pjrt${PJRT_PLUGIN_LIBRARY_PATH:+:$PJRT_PLUGIN_LIBRARY_PATH} ;;
esac
export GOMLX_NO_AUTO_INSTALL=1
export GOMLX_BACKEND=${GOMLX_BACKEND:-xla:cpu}
case $GOMLX_BACKEND:${XLA_FLAGS:-} in
*xla_gpu_cuda_data_dir*) ;;
xla:cuda*) # quoted, for a path with a space
	[ ! -d "$ROOT/.venv/nvidia/cu13" ] ||
		export XLA_FLAGS="${XLA_FLAGS:+$XLA_FLAGS }--xla_gpu_cuda_data_dir=\"$ROOT/.venv/nvidia/cu13\"" ;;
esac
INTERPLAY_RUNS=${INTERPLAY_RUNS:-$ROOT/runs}
case $INTERPLAY_RUNS in /*) ;; *) INTERPLAY_RUNS=$PWD/$INTERPLAY_RUNS ;; esac
export INTERPLAY_RUNS
