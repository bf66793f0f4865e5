#!/usr/bin/env bash
# Makes tools/python/requirements.txt, requirements-cuda.txt, requirements-site.txt and uv.txt from the .in files
# beside them: every package with its version and the hashes of its files, for Python 3.11
# and newer. Run it when a .in file changes, and commit the result. uv itself comes by the
# hashes of uv.txt; a new version of it needs the line in uv.in and one run with the old.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/python" -m pip install --quiet --no-input --no-deps --only-binary :all: --require-hashes \
	-r "$ROOT/tools/python/uv.txt"
cd "$ROOT/tools/python"
for name in requirements requirements-cuda requirements-site uv; do
	"$tmp/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-index-url --custom-compile-command scripts/lock.sh "$name.in" -o "$tmp/$name.txt"
	mv "$tmp/$name.txt" "$name.txt"
	echo "$name.txt: $(grep -c == "$name.txt") packages"
done
