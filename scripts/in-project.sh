#!/usr/bin/env bash
# Runs a command in the project's folder and environment: in-project.sh COMMAND…
source "$(dirname "${BASH_SOURCE[0]}")/env.sh"
cd "$ROOT" && exec "$@"
