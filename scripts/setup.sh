#!/usr/bin/env bash
# Sets up everything the laboratory needs inside the project's folder: a Python
# environment with JupyterLab and the PJRT CPU plugin (.venv), GoNB and its tools
# and the command line (.bin), and the notebook kernel. What is there already and
# unchanged is left alone.
#
#   --repair   also installs a damaged PJRT plugin again (make setup does this;
#              make demo names the damage and stops)
#   --tools    stops before the command line: what needs no source of the project
#   --checks   also builds what only `make test` needs (staticcheck)
#   --audit    also builds what only `make audit` needs (govulncheck)
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
source "$ROOT/scripts/prerequisites.sh"

repair= tools= checks= audit=
for argument in "$@"; do
	case $argument in
	--repair) repair=yes ;;
	--tools) tools=yes ;;
	--checks) checks=yes ;;
	--audit) audit=yes ;;
	*) fail "setup.sh does not know '$argument'" "it knows --repair, --tools, --checks and --audit" ;;
	esac
done
began=$SECONDS
require_platform
require_go
require_writable

# One set-up at a time; a second one waits for the first.
if command -v flock >/dev/null; then
	exec 9>"$ROOT/.cache/setup.lock"
	flock 9
fi

digest() { sha256sum | cut -d' ' -f1; }

# logged LOG WHAT COMMAND… runs COMMAND with its output in LOG, and explains a failure.
logged() {
	local log=$ROOT/.cache/$1.log what=$2
	shift 2
	"$@" >"$log" 2>&1 </dev/null || explain "$log" "$what"
}

plugin_whole() {
	local record size file
	record=$(ls "$ROOT"/.venv/lib/python3*/site-packages/xla_cpu_pjrt-*.dist-info/RECORD 2>/dev/null) || return 1
	size=$(sed -n 's/^xla_plugins.*xla_cpu_pjrt\.so,.*,\([0-9][0-9]*\)\r*$/\1/p' "$record")
	file=$ROOT/.venv/pjrt/pjrt_c_api_cpu_plugin.so
	[ "$(stat -Lc %s "$file" 2>/dev/null)" = "$size" ]
}

# The stamp is written last, so an environment without it is an unfinished one.
environment_stamp() { { cat "$ROOT/tools/python/requirements.txt"; echo "$ROOT"; } | digest; }

environment_ready() {
	[ "$(cat "$ROOT/.venv/.stamp" 2>/dev/null)" = "$(environment_stamp)" ] &&
		"$PYTHON" -c '' 2>/dev/null || return 1
	[ -z "$repair" ] || plugin_whole
}

# set_aside and put_back keep the old environment until the new one stands.
set_aside() {
	rm -rf "$ROOT/.venv.old"
	if [ -f "$ROOT/.venv/.stamp" ]; then mv "$ROOT/.venv" "$ROOT/.venv.old"; else rm -rf "$ROOT/.venv"; fi
}

put_back() {
	local status=$?
	if [ ! -f "$ROOT/.venv/.stamp" ]; then
		rm -rf "$ROOT/.venv"
		[ ! -d "$ROOT/.venv.old" ] || mv "$ROOT/.venv.old" "$ROOT/.venv"
	fi
	exit $status
}

set_up_environment() {
	require_python
	require_space "$ROOT" 700 "the Python environment"
	echo "· Python environment in .venv (JupyterLab, nbconvert, PJRT plugin: about 120 MB to download, 500 MB on disk)"
	trap put_back EXIT
	trap 'exit 130' INT TERM HUP
	set_aside
	export RUSTUP_HOME=$ROOT/.cache/rustup # pip asks rustc for its version, and rustup would make a folder in HOME
	logged venv "making the Python environment" "$BASE_PYTHON" -m venv "$ROOT/.venv"
	logged pip "installing the Python packages" "$PYTHON" -m pip install --no-input --retries 2 --timeout 30 \
		--only-binary :all: --require-hashes -r "$ROOT/tools/python/requirements.txt"
	mkdir "$ROOT/.venv/pjrt"
	(cd "$ROOT/.venv/pjrt" && ln -s ../lib/python3*/site-packages/xla_plugins/xla_cpu_pjrt/xla_cpu_pjrt.so pjrt_c_api_cpu_plugin.so)
	plugin_whole || fail "the PJRT plugin is not where its wheel should have put it" "report this as a bug, with $ROOT/.cache/pip.log"
	environment_stamp >"$ROOT/.venv/.stamp"
	rm -rf "$ROOT/.venv.old"
	trap - EXIT INT TERM HUP
}

# set_up_tool NAME FOLDER PACKAGE builds a pinned tool of the module in FOLDER into .bin.
set_up_tool() {
	local name=$1 folder=$ROOT/$2 stamp
	stamp=$({ cat "$folder/go.mod" "$folder/go.sum"; echo "$go_version"; } | digest)
	[ -x "$ROOT/.bin/$name" ] && [ "$(cat "$ROOT/.bin/.$name.stamp" 2>/dev/null)" = "$stamp" ] && return
	require_space "$ROOT" 200 "building $name"
	echo "· $name"
	rm -f "$ROOT/.bin/.$name.stamp"
	GOBIN=$ROOT/.bin logged "$name" "building $name" go -C "$folder" install "$3"
	echo "$stamp" >"$ROOT/.bin/.$name.stamp"
}

set_up_kernel() {
	local spec=$ROOT/.cache/kernel/gonb
	mkdir -p "$spec"
	"$PYTHON" - "$ROOT/scripts/kernel.sh" >"$spec/kernel.json" <<-'PY'
		import json, sys
		print(json.dumps({
		    "display_name": "Go (gonb)",
		    "language": "go",
		    "argv": ["bash", sys.argv[1], "{connection_file}"],
		    "interrupt_mode": "message",
		}, indent=1))
	PY
	cmp -s "$spec/kernel.json" "$ROOT/.venv/share/jupyter/kernels/gonb/kernel.json" && return
	echo "· notebook kernel"
	logged kernel "installing the notebook kernel" "$PYTHON" -m jupyter_client.kernelspecapp install --sys-prefix --replace --name gonb "$spec"
}

environment_ready || set_up_environment
go_version=$(cd "$ROOT" && go env GOVERSION)
mkdir -p "$ROOT/.bin" "$ROOT/build"
set_up_tool gonb . github.com/janpfeifer/gonb
set_up_tool goimports tools/goimports golang.org/x/tools/cmd/goimports
set_up_tool gopls tools/gopls golang.org/x/tools/gopls
[ -z "$checks" ] || set_up_tool staticcheck tools/staticcheck honnef.co/go/tools/cmd/staticcheck
[ -z "$audit" ] || set_up_tool govulncheck tools/govulncheck golang.org/x/vuln/cmd/govulncheck
set_up_kernel
[ -z "$tools" ] || { echo "✓ tools set up in $((SECONDS - began)) s" && exit; }
[ "$(cd "$ROOT" && GOBIN=$ROOT/.bin go list -f '{{.Stale}}' ./cmd/interplay)" = false ] || echo "· the command interplay (its first build takes about a minute)"
GOBIN=$ROOT/.bin logged interplay "building the command interplay" go -C "$ROOT" install ./cmd/interplay
echo "✓ set up in $((SECONDS - began)) s"
