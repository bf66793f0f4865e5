#!/usr/bin/env bash
# Compares the laboratory with transformers, JAX, PyTorch and TRL: exchanged files first,
# then speeds. Their packages go into .venv-peers (about 7 GB). Results are JSON lines, on
# standard output and in build/peers/results.jsonl.
#
#   scripts/peers.sh [interchange|speed] [arguments of speed.py]
#
# With GOMLX_BACKEND=xla:cuda it times training of the paper's model in bfloat16 against
# PyTorch on the GPU, and nothing else.
#
# On a machine that is busy with other work set OMP_WAIT_POLICY=passive: PyTorch's threads
# spin while they wait for each other, and lose more than the others do.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
source "$ROOT/scripts/prerequisites.sh"
what=${1:-all}
[ $# -eq 0 ] || shift
case $what in all | interchange | speed) ;; *) fail "peers.sh does not know '$what'" "it knows interchange and speed" ;; esac
"$ROOT/scripts/setup.sh" >&2
cd "$ROOT"

python=$ROOT/.venv-peers/bin/python
stamp=$({ cat scripts/peers/requirements.txt; echo "$ROOT"; } | sha256sum | cut -d' ' -f1)
if [ "$(cat .venv-peers/.stamp 2>/dev/null)" != "$stamp" ]; then
	require_python
	require_space "$ROOT" 12000 "the peers' Python environment"
	echo "· Python environment of the peers in .venv-peers (about 3 GB to download, 7 GB on disk)" >&2
	rm -rf .venv-peers
	"$BASE_PYTHON" -m venv .venv-peers
	RUSTUP_HOME=$ROOT/.cache/rustup "$python" -m pip install --quiet --no-input --only-binary :all: --require-hashes \
		-r scripts/peers/requirements.txt >&2
	echo "$stamp" >.venv-peers/.stamp
fi

work=$ROOT/build/peers
rm -rf "$work"
mkdir -p "$work"
inductor=$ROOT/.cache/inductor
case $inductor in *[[:space:]]*) # torch.compile hands it to the C++ compiler unquoted
	inductor=$(mktemp -d /tmp/interplay-inductor.XXXXXX)
	trap 'rm -rf "$inductor"' EXIT
	;;
esac
export PEERS=$ROOT/.bin/peers HF_HUB_OFFLINE=1 HF_DATASETS_OFFLINE=1 TRANSFORMERS_VERBOSITY=error HF_HUB_DISABLE_PROGRESS_BARS=1 \
	HF_HOME=$ROOT/.cache/huggingface TORCHINDUCTOR_CACHE_DIR=$inductor
go build -o "$PEERS" ./scripts/peers
gpu=
case $GOMLX_BACKEND in xla:cuda*) gpu=gpu what=speed ;; esac
"$PEERS" prepare "$work" $gpu
status=0
if [ "$what" != speed ]; then
	"$python" scripts/peers/interchange.py "$work" 2>"$work/interchange.log" | tee -a "$work/results.jsonl" || status=1
fi
if [ "$what" != interchange ]; then
	"$python" scripts/peers/speed.py "$work" "$@" | tee -a "$work/results.jsonl" || status=1
fi
[ $status -eq 0 ] || echo "✗ not all of it passed: see the lines with \"ok\": false or an error, and the logs in $work" >&2
exit $status
