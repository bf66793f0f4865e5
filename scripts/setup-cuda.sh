#!/usr/bin/env bash
# Adds the PJRT CUDA plugin and NVIDIA's libraries to the environment, for
# GOMLX_BACKEND=xla:cuda. Needs an x86_64 or aarch64 Linux with an NVIDIA driver
# that knows CUDA 13 (580 or newer).
#
# Where the libraries are found: the plugin's own run path names ../nvidia/cu13/lib,
# ../nvidia/cudnn/lib, … beside its folder, so .venv/nvidia holds links to what the
# wheels brought, and LD_LIBRARY_PATH stays unset. XLA's compiler looks for bin/ptxas
# and nvvm/libdevice in its CUDA folder: env.sh names it in XLA_FLAGS, and without
# XLA_FLAGS the binding takes .venv/nvidia, which links these two as well.
#
# To check on a machine with a GPU: this script ends with interplay doctor on
# xla:cuda. For runs that repeat bit for bit add --xla_gpu_deterministic_ops=true to
# XLA_FLAGS; for float32 products in full precision use GOMLX_BACKEND=xla:cuda,notf32.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
source "$ROOT/scripts/prerequisites.sh"
"$ROOT/scripts/setup.sh"

log=$ROOT/.cache/pip-cuda.log
require_space "$ROOT" 6000 "the CUDA plugin and NVIDIA's libraries"
echo "· PJRT CUDA plugin and NVIDIA's libraries (about 2.5 GB to download, 4 GB on disk)"
RUSTUP_HOME=$ROOT/.cache/rustup "$PYTHON" -m pip install --no-input --retries 2 --timeout 30 --no-deps --only-binary :all: --require-hashes \
	-r "$ROOT/tools/python/requirements-cuda.txt" >"$log" 2>&1 </dev/null || explain "$log" "installing the CUDA plugin"

cd "$ROOT/.venv"
rm -rf nvidia && mkdir nvidia
(cd nvidia && ln -s ../lib/python3*/site-packages/nvidia/* . && ln -s cu13/bin cu13/nvvm .)
(cd pjrt && ln -sf ../lib/python3*/site-packages/jax_plugins/xla_cuda13/xla_cuda_plugin.so pjrt_c_api_cuda_plugin.so)
[ -e pjrt/pjrt_c_api_cuda_plugin.so ] || fail "the CUDA plugin is not where its wheel should have put it" "report this as a bug, with $log"
echo "✓ the CUDA plugin is installed; use it with: GOMLX_BACKEND=xla:cuda make demo"
GOMLX_BACKEND=xla:cuda "$ROOT/.bin/interplay" doctor ||
	fail "the CUDA plugin is installed but does not open" "see the line marked ✗ above; the CPU plugin goes on working"
