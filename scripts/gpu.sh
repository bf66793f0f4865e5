#!/usr/bin/env bash
# What to run first on a machine with a GPU: nine minutes, every part bounded, results kept as
# they come in build/gpu (or $OUT). What it prints goes to LAB.md.
#
#   scripts/gpu.sh pack          on a machine with Go: builds build/gpu-pack, so that no time
#                                with the GPU goes to compilers; carry that folder along
#   scripts/gpu.sh [SECONDS]     on the machine with the GPU; 540 seconds without a number
#   scripts/gpu.sh cpu [SECONDS] the same steps with the CPU plugin, to try this script
#
# Parts, in order: what is there; parity tests of the network, training, sampling and GRPO;
# training of the paper's model beside PyTorch compiled, one and eight passes a call; GRPO
# steps with their rollouts beside TRL (a side that has not compiled when the bound comes is left
# out of the figures, and said to be); memory against the plan; and as much of the gpu
# study's word problems as time leaves. The plugin is the project's (scripts/setup-cuda.sh),
# else that of the machine's own JAX; PyTorch and TRL are those of .venv-peers, else the
# machine's own. What is missing is said, and left out.
set -uo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT"
pack=$ROOT/build/gpu-pack
tested="qwen train rollout grpo"

if [ "${1:-}" = pack ]; then
	set -e
	rm -rf "$pack"
	mkdir -p "$pack"
	go build -trimpath -ldflags '-s -w' -o "$pack/interplay" ./cmd/interplay
	go build -trimpath -ldflags '-s -w' -o "$pack/peers" ./scripts/peers
	for name in $tested; do go test -c -trimpath -ldflags '-s -w' -o "$pack/$name.test" "./kernelkit/$name"; done
	tar -C "$pack" -cf - . | xz -0 >"$ROOT/build/gpu-pack.tar.xz"
	rm -rf "$pack"
	ls -l "$ROOT/build/gpu-pack.tar.xz"
	echo "carry build/gpu-pack.tar.xz with the working tree, and run scripts/gpu.sh there"
	exit
fi

platform=gpu
if [ "${1:-}" = cpu ]; then
	platform=cpu
	shift
fi
limit=${1:-540}
began=$SECONDS
out=${OUT:-$ROOT/build/gpu}
case $out in /*) ;; *) out=$ROOT/$out ;; esac
mkdir -p "$out"
left() { echo $((limit - (SECONDS - began))); }
say() { printf '%4d s  %s\n' $((SECONDS - began)) "$*" | tee -a "$out/summary.txt"; }

# part NAME SECONDS COMMAND… runs a command for so long at most, and keeps what it prints.
part() {
	local name=$1 seconds=$2 rest status from=$SECONDS
	shift 2
	rest=$(left)
	[ "$seconds" -lt "$rest" ] || seconds=$rest
	if [ "$seconds" -lt 5 ]; then
		say "- $name: no time is left"
		return
	fi
	timeout -k 5 "$seconds" "$@" >"$out/$name.txt" 2>&1 </dev/null
	status=$?
	case $status in
	0) say "✓ $name ($((SECONDS - from)) s)" ;;
	124 | 137) say "· $name ended at its bound of $seconds s; what it had is kept" ;;
	*) say "✗ $name: status $status after $((SECONDS - from)) s: $(grep -v '^$' "$out/$name.txt" | tail -n 1 | cut -c1-200)" ;;
	esac
}

# Programs: packed, else built here.
programs=$ROOT/build/gpu-programs
mkdir -p "$programs"
if [ -e "$ROOT/build/gpu-pack.tar.xz" ]; then
	tar -C "$programs" -xJf "$ROOT/build/gpu-pack.tar.xz"
elif command -v go >/dev/null; then
	say "· programs are built here; scripts/gpu.sh pack on another machine saves this time"
	go build -o "$programs/interplay" ./cmd/interplay && go build -o "$programs/peers" ./scripts/peers
	for name in $tested; do go test -c -o "$programs/$name.test" "./kernelkit/$name"; done
fi
[ -x "$programs/interplay" ] || fail "there is neither build/gpu-pack.tar.xz nor Go here" "run scripts/gpu.sh pack on a machine with Go, and carry that file"
export PATH=$programs:$PATH PEERS=$programs/peers

# The plugin: the project's, else the one that the machine's JAX brings.
export GOMLX_BACKEND=xla:cpu
if [ $platform = gpu ]; then
	export GOMLX_BACKEND=xla:cuda
	if [ ! -e .venv/pjrt/pjrt_c_api_cuda_plugin.so ]; then
		plugin=$(python3 -c 'import glob, os, jax_plugins
for folder in jax_plugins.__path__:
    print(*glob.glob(os.path.join(folder, "xla_cuda*", "xla_cuda_plugin.so")), sep="\n")' 2>/dev/null | grep -m 1 .)
		[ -n "$plugin" ] || fail "there is no PJRT plugin for CUDA: neither scripts/setup-cuda.sh was run, nor does python3 have jax[cuda]" "run make setup-cuda where the network is"
		mkdir -p "$out/pjrt"
		ln -sf "$plugin" "$out/pjrt/pjrt_c_api_cuda_plugin.so"
		nvidia=$(dirname "$(dirname "$(dirname "$plugin")")")/nvidia
		export PJRT_PLUGIN_LIBRARY_PATH=$out/pjrt
		LD_LIBRARY_PATH=$(printf '%s:' "$nvidia"/*/lib)${LD_LIBRARY_PATH:-}
		export LD_LIBRARY_PATH
		for folder in "$nvidia/cu13" "$nvidia/cuda_nvcc" /usr/local/cuda; do
			[ ! -e "$folder/bin/ptxas" ] || { export XLA_FLAGS="${XLA_FLAGS:-} --xla_gpu_cuda_data_dir=\"$folder\"" && break; }
		done
		say "· the plugin is that of the machine's JAX: $plugin"
	fi
fi
python=.venv-peers/bin/python
[ -x $python ] || python=python3

say "on $(lscpu | sed -n 's/^Model name: *//p' | head -n 1), $(nproc) cores, $(nvidia-smi --query-gpu=name,driver_version --format=csv,noheader 2>/dev/null || echo no GPU); commit $(git rev-parse --short HEAD 2>/dev/null || echo unknown)"
part doctor 40 interplay doctor

# Parity: each package's tests for its share of the time. Float32 products in full precision.
precise=$GOMLX_BACKEND
[ $platform = cpu ] || precise=xla:cuda,tf32=false
for name in $tested; do
	(cd "kernelkit/$name" && GOMLX_BACKEND=$precise part "tests-$name" 30 "$programs/$name.test" -test.v -test.timeout 5m \
		-test.run 'PyTorch|TRL|Verl|Cached|Gradients|Flash|Fused|BatchOrOrder|ExactDistribution|LogProb|Devices|PassesACall|Recomputing|Bfloat16')
	say "  $(grep -c '^--- PASS' "$out/tests-$name.txt" 2>/dev/null) passed, $(grep -c '^--- FAIL' "$out/tests-$name.txt" 2>/dev/null) failed, $(grep -c '^--- SKIP' "$out/tests-$name.txt" 2>/dev/null) skipped"
done

# Peers. Where PyTorch is missing its lines say so, and this project's side is timed alone.
work=$out/peers
rm -rf "$work" && mkdir -p "$work"
models="train/paper grpo/paper"
prepare=gpu
if [ $platform = cpu ]; then models="train/micro grpo/micro" prepare=; fi
part prepare 60 peers prepare "$work" $prepare
$python -c 'import torch' 2>/dev/null || say "- $python has no PyTorch: training is timed without it"
$python -c 'import trl' 2>/dev/null || say "- $python has no TRL: GRPO is timed without it"
for model in $models; do
	name=${model/\//-}
	part "$name" 120 env HF_HUB_OFFLINE=1 $python scripts/peers/speed.py "$work" -rounds 2 -seconds 4 -only "$model"
	grep "^{" "$out/$name.txt" 2>/dev/null | tee -a "$out/results.jsonl"
done
rm -rf "$work"

part memory 50 interplay bench memory
grep '^{' "$out/memory.txt" 2>/dev/null | tee -a "$out/results.jsonl"

# The study, for what is left: its stages go on in the next run of this script, if the run folder stays.
profile=gpu
[ $platform = gpu ] || profile=smoke
export INTERPLAY_RUNS=$out/runs
interplay run edge -profile $profile -seeds 1 -plan >"$out/plan.txt" 2>&1
seconds=$(($(left) - 25))
if [ $seconds -gt 20 ]; then
	part study $((seconds + 15)) interplay work edge -profile $profile -seeds 1 -for ${seconds}s
fi
interplay status edge -profile $profile -seeds 1 2>/dev/null | head -n 12 | tee "$out/status.txt"
for log in "$out"/runs/working/*/*/work/metrics.jsonl "$out"/runs/*/metrics.jsonl; do
	[ ! -e "$log" ] || { echo "$log" && tail -n 1 "$log"; } | tee -a "$out/study-metrics.txt"
done
cp "$out"/runs/*/done.json "$out/" 2>/dev/null
say "end; all of it is in $out"
