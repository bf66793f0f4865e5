#!/usr/bin/env bash
# Builds the image as Dockerfile has it and runs its walkthrough twice, where no image
# registry can be reached: debian is made by debootstrap, golang is a folder with this
# machine's Go, podman builds and runs. As root; on Debian: apt install podman debootstrap.
# Images and volumes are kept in FOLDER, which takes 12 GB.
#
#   scripts/container/check.sh FOLDER
set -euo pipefail
mkdir -p "${1:?which folder? scripts/container/check.sh FOLDER}"
folder=$(realpath "$1")
self=$(realpath "${BASH_SOURCE[0]}")
cd "$(dirname "$self")/../.."

# Inside another container or a small virtual machine, crun must neither raise limits nor
# meet both versions of control groups; the second is hidden in a mount namespace of this script's.
if [ -d /sys/fs/cgroup/unified ] && [ -z "${CONTAINER_CHECK:-}" ]; then
	CONTAINER_CHECK=yes exec unshare -m bash -c 'umount /sys/fs/cgroup/unified; exec "$@"' - "$self" "$folder"
fi
mkdir -p "$folder/tmp"
export TMPDIR=$folder/tmp CONTAINERS_CONF=$folder/containers.conf
cat >"$CONTAINERS_CONF" <<-'CONF'
	[containers]
	default_ulimits = ["nofile=10000:20000", "nproc=20000:20000"]
	netns = "host"
	[engine]
	cgroup_manager = "cgroupfs"
CONF
box() { podman --root "$folder/storage" --runroot "$folder/run" "$@"; }

# step NAME COMMAND… says how long the command took.
step() {
	local name=$1 began=$SECONDS
	shift
	echo "== $name"
	"$@"
	echo "== $name: $((SECONDS - began)) s"
}

# image NAME makes an image of the tar archive on its input.
image() { box import --quiet - "localhost/$1"; }

debian() {
	[ -f "$folder/debian/made" ] || debootstrap --variant=minbase bookworm "$folder/debian" >"$folder/debootstrap.log"
	touch "$folder/debian/made"
	# This machine's own certificates, for a proxy that looks into connections.
	mkdir -p "$folder/debian/usr/local/share/ca-certificates"
	cp -r /usr/local/share/ca-certificates/. "$folder/debian/usr/local/share/ca-certificates"
	tar -C "$folder/debian" -c . | image debian:bookworm-slim
}

golang() { tar -C "$(go env GOROOT)" --transform 's,^\.,usr/local/go,' -c . | image golang:1.26.8-bookworm; }

build() {
	box build --layers -t interplay --build-arg GO_IMAGE=localhost/golang:1.26.8-bookworm \
		--build-arg BASE_IMAGE=localhost/debian:bookworm-slim .
}

# inside OPTION… COMMAND… runs a container with the volume of runs.
inside() { box run --rm -v interplay-runs:/home/lab/runs "$@"; }

# serves starts the notebook server in a container and asks it for its version.
serves() {
	box run --rm -d --name interplay-lab -v interplay-runs:/home/lab/runs interplay \
		scripts/lab.sh --no-browser --ip=0.0.0.0 --port=18888 --IdentityProvider.token=check >/dev/null
	local answer=
	for _ in $(seq 60); do
		answer=$(curl -sf 'http://127.0.0.1:18888/api?token=check') && break
		sleep 5
	done
	box stop interplay-lab >/dev/null
	echo "${answer:?the notebook server does not answer}"
}

# refuses says what doctor answers to too little memory; it has to fail.
refuses() { ! inside --memory 2g interplay .bin/interplay doctor; }

box image exists localhost/debian:bookworm-slim || step "image of debian" debian
box image exists localhost/golang:1.26.8-bookworm || step "image of golang" golang
step "image of the laboratory" build
box images
box volume rm --force interplay-runs >/dev/null 2>&1 || true
step "make demo in 4 GB, from an empty volume" inside --memory 4g interplay
step "make demo again" inside --memory 4g interplay
step "doctor in 2 GB" refuses
step "notebook server" serves
