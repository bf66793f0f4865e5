# Sourced by setup.sh, after env.sh: checks what must be there before any Go runs,
# and says in plain words why a download or an installation failed.

MIN_PYTHON=3.11
MIN_GO=$(awk '$1 == "go" { print $2; exit }' "$ROOT/go.mod")

# at_least VERSION MINIMUM compares dotted versions.
at_least() {
	[ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n1)" = "$2" ]
}

require_platform() {
	case "$(uname -s) $(uname -m)" in
	"Linux x86_64" | "Linux aarch64") ;;
	*) fail "this machine is $(uname -s) $(uname -m); the PJRT CPU plugin exists for Linux on x86_64 and aarch64" \
		"use such a machine, or the container on this one: docs/install.md says how, and what works without" ;;
	esac
}

# require_go checks for a Go that is new enough, or that can fetch one that is.
require_go() {
	command -v go >/dev/null || fail "no Go: there is no command 'go' on PATH" \
		"install Go $MIN_GO or newer; if it is installed, add its bin folder (often /usr/local/go/bin) to PATH"
	local found chosen
	found=$(cd / && GOTOOLCHAIN=local go env GOVERSION 2>/dev/null) || found=unknown
	found=${found#go}
	# An older Go (1.21 to 1.25) fetches the version that go.mod asks for by itself, unless
	# told not to (GOTOOLCHAIN=local); then it is asked what it would use here.
	if ! at_least "$found" "$MIN_GO"; then
		chosen=$(cd "$ROOT" && go env GOVERSION 2>/dev/null) || chosen=none
		at_least "${chosen#go}" "$MIN_GO" ||
			fail "Go is too old: found $found, needed $MIN_GO or newer (and this Go could not fetch a newer one itself)" \
				"install Go $MIN_GO or newer and put its bin folder first on PATH; or, with network, set GOTOOLCHAIN=auto"
	fi
	local cc
	cc=$(cd "$ROOT" && go env CC)
	command -v "${cc%% *}" >/dev/null || fail "no C compiler: '$cc' is not on PATH, and the PJRT binding is built with cgo" \
		"install one (Debian, Ubuntu: apt install gcc libc6-dev; Fedora: dnf install gcc)"
}

# require_python sets BASE_PYTHON to the first Python that is new enough and can make environments.
require_python() {
	local candidates candidate version found= no_venv=
	candidates=(python3 python3.14 python3.13 python3.12 python3.11 python)
	[ -z "${INTERPLAY_PYTHON:-}" ] || candidates=("$INTERPLAY_PYTHON")
	for candidate in "${candidates[@]}"; do
		version=$("$candidate" -c 'import platform; print(platform.python_version())' 2>/dev/null) || continue
		found="$found, $candidate is $version"
		at_least "$version" "$MIN_PYTHON" || continue
		if ! "$candidate" -c 'import venv, ensurepip' 2>/dev/null; then
			no_venv="$candidate ($version)"
			continue
		fi
		BASE_PYTHON=$(command -v "$candidate")
		return
	done
	[ -z "$no_venv" ] || fail "$no_venv cannot make environments: its modules venv and ensurepip are missing" \
		"install them (Debian, Ubuntu: apt install python3-venv)"
	[ -z "$found" ] || fail "Python is too old: ${found#, }; needed $MIN_PYTHON or newer" \
		"install Python $MIN_PYTHON or newer, or name one: INTERPLAY_PYTHON=/path/to/python3 make setup"
	fail "no Python: there is no working command '${INTERPLAY_PYTHON:-python3}' on PATH" \
		"install Python $MIN_PYTHON or newer with its venv module (Debian, Ubuntu: apt install python3 python3-venv)"
}

# free_mb DIR prints how many MB are free where DIR is or will be.
free_mb() {
	local dir=$1
	while [ ! -d "$dir" ]; do dir=$(dirname "$dir"); done
	df -Pm "$dir" | awk 'NR == 2 { print $4 }'
}

# require_space DIR MB WHAT
require_space() {
	local free
	free=$(free_mb "$1")
	[ "$free" -ge "$2" ] || fail "disk full: $3 needs about $2 MB in $1, and $free MB are free there" \
		"free some space there, or use a project folder on a larger disk"
}

# require_writable checks that the project's folder can be written at all.
require_writable() {
	mkdir -p "$ROOT/.cache" 2>/dev/null && : 2>/dev/null >"$ROOT/.cache/.probe" && rm -f "$ROOT/.cache/.probe" ||
		fail "the project's folder $ROOT cannot be written" \
			"check its owner and that its disk is neither full nor mounted read-only, or clone the project elsewhere"
}

# explain LOG WHAT ends the script with the cause of a failed download or build.
explain() {
	local log=$1 what=$2
	if grep -qi 'no space left on device\|disk quota exceeded' "$log" || [ "$(free_mb "$ROOT")" -lt 5 ]; then
		fail "$what: the disk is full ($(free_mb "$ROOT") MB free in $ROOT, $(free_mb "${TMPDIR:-/tmp}") MB in ${TMPDIR:-/tmp}, $(free_mb "$HOME") MB in $HOME)" \
			"free some space where little is left, then run the same command again"
	elif grep -q 'DO NOT MATCH THE HASHES\|checksum mismatch' "$log"; then
		fail "$what: a downloaded file differs from the one that this project pins (see $log)" \
			"try again; if it stays, your package mirror serves altered files"
	elif grep -qi 'name resolution\|Name or service not known\|no such host\|Network is unreachable\|NewConnectionError\|Max retries exceeded\|ProxyError\|proxyconnect\|ConnectTimeout\|Read timed out\|TLS handshake\|i/o timeout\|dial tcp\|connection refused\|connection reset\|connection timed out\|server misbehaving\|CERTIFICATE_VERIFY_FAILED\|x509:\|from versions: none' "$log"; then
		fail "$what: no network: the package index or module proxy could not be reached (details in $log)" \
			"connect this machine, or set HTTPS_PROXY, or point pip (PIP_INDEX_URL) and Go (GOPROXY) at a mirror; then run the same command again"
	fi
	printf '%s\n' "--- the last lines of $log:" >&2
	tail -n 25 "$log" >&2
	fail "$what failed (see above, all of it is in $log)" "remove the cause, then run the same command again"
}
