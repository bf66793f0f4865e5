#!/usr/bin/env bash
# Looks at the built site (make site) in a browser: every page, or those named. For each, light and dark, at 1200 and
# at 390 pixels: what axe finds, what is wider than the window, what the page asks of other hosts. Ends with status 1
# where anything was found. Needs Node.js with npm, and Chromium (CHROMIUM names it where it is not /usr/bin/chromium).
#
#   scripts/site/look.sh [PAGE…]     such as notebooks/00_walkthrough.html
#
# QUICK=1 looks at two of the four; PICTURES=view or full and PDF=1 put pictures and PDFs into build/look.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../env.sh"
cd "$ROOT"
[ -f build/site/index.html ] || fail "there is no site in build/site" "make it: make site"
look=$ROOT/.cache/look
mkdir -p "$look"
if ! cmp -s tools/site/package-lock.json "$look/package-lock.json" || [ ! -d "$look/node_modules" ]; then
	cp tools/site/package.json tools/site/package-lock.json "$look"
	NPM_CONFIG_CACHE=$ROOT/.cache/npm npm ci --prefix "$look" --ignore-scripts --no-audit --no-fund --silent
fi
LOOK_MODULES=$look/node_modules exec node scripts/site/look.mjs build/site build/look "$@"
