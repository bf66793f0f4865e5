#!/usr/bin/env bash
# Builds the site of everything that there is to read: build/site/index.html. Notebooks are shown as they were
# executed, not run again. Ends with status 1 where a link leads nowhere or a page needs another host.
#
#   scripts/site.sh [FOLDER]     into another folder than build/site
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
source "$ROOT/scripts/prerequisites.sh"
require_go
require_python
require_writable
began=$SECONDS
cd "$ROOT"
out=${1:-$ROOT/build/site}
python=$ROOT/.venv-site/bin/python

stamp=$({ cat tools/python/requirements-site.txt; echo "$ROOT"; } | sha256sum | cut -d' ' -f1)
if [ "$(cat .venv-site/.stamp 2>/dev/null)" != "$stamp" ]; then
	require_space "$ROOT" 400 "the site's Python environment"
	echo "· Python environment of the site in .venv-site (about 60 MB to download, 260 MB on disk)"
	rm -rf .venv-site
	"$BASE_PYTHON" -m venv .venv-site
	RUSTUP_HOME=$ROOT/.cache/rustup "$python" -m pip install --quiet --no-input --only-binary :all: --no-deps --no-compile \
		--require-hashes -r tools/python/requirements-site.txt
	echo "$stamp" >.venv-site/.stamp
fi

source=$ROOT/.cache/site/source
rm -rf "$source" "$out"
mkdir -p "$source" "$out"
echo "· pages of the packages"
go build -C tools/gomarkdoc -o "$ROOT/.bin/gomarkdoc" github.com/princjef/gomarkdoc/cmd/gomarkdoc
packages=$(go list ./kernelkit/... ./pipeline/... ./plots | sed 's|^interplay|.|')
GOFLAGS= .bin/gomarkdoc --repository.url local -o "$source/api/{{.Dir}}.md" $packages
"$python" scripts/site/stage.py "$source"
echo "· Sphinx"
"$python" -m sphinx -q -W --keep-going -j 2 -b html -c scripts/site -d "$ROOT/.cache/site/doctrees" "$source" "$out"
echo "· links"
"$python" scripts/site/check.py "$out"
echo "✓ the site is $out/index.html, built in $((SECONDS - began)) s"
