#!/usr/bin/env bash
# Makes tools/python/requirements.txt and requirements-cuda.txt from the .in files beside them:
# every package with its version and the hashes of its files, for Python 3.11 and
# newer. Run it when a .in file changes, and commit the result.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/python" -m pip install --quiet uv==0.13.9
cd "$ROOT/tools/python"
for name in requirements requirements-cuda; do
	"$tmp/venv/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
		--no-emit-index-url --custom-compile-command scripts/lock.sh "$name.in" -o "$tmp/$name.txt"
	mv "$tmp/$name.txt" "$name.txt"
	echo "$name.txt: $(grep -c == "$name.txt") packages"
done
