#!/usr/bin/env bash
# Opens JupyterLab on the notebooks. Arguments go to JupyterLab (--no-browser, --port=…).
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
"$ROOT/scripts/setup.sh"
cd "$ROOT"
echo "· JupyterLab; the first cell of a notebook takes longer than those after it, while the laboratory is compiled"
[ "$(id -u)" != 0 ] || set -- --allow-root "$@"
export NPM_CONFIG_CACHE=$ROOT/.cache/npm # JupyterLab asks npm, where there is one, for its folders
exec "$PYTHON" -m jupyterlab --notebook-dir="$ROOT/notebooks" \
	--MultiKernelManager.default_kernel_name=gonb \
	--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate --LabApp.news_url=None \
	--LabApp.app_settings_dir="$ROOT/scripts/jupyterlab" "$@" # overrides.json: it does not ask whether it may fetch news
