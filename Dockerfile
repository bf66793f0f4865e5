# The laboratory in a container: Go, a C compiler, Python and everything that set-up installs.
#
#   docker build -t interplay .
#   docker run --rm interplay                                        # make demo
#   docker run --rm -v interplay-runs:/home/lab/runs interplay       # keeps what it computes
#   docker run --rm -it -p 127.0.0.1:8888:8888 -v interplay-runs:/home/lab/runs interplay \
#          scripts/lab.sh --no-browser --ip=0.0.0.0
#
# podman and buildah take the same words. docs/install.md says how to pin the two images by
# digest, and what of this was tried.
#
# Stages: tools (what the system must have; devcontainer.json ends there), std (Go's standard
# library, compiled once for the next two), pinned (what changes seldom: the Python
# environment and Go's tools), setup (the project), and the image: of pinned it has what was
# installed, not what compiling it left. A change of a source builds only the last two again.

ARG GO_IMAGE=golang:1.26.8-bookworm
ARG BASE_IMAGE=debian:bookworm-slim

FROM ${GO_IMAGE} AS go

FROM ${BASE_IMAGE} AS tools
RUN apt-get update \
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
    ca-certificates gcc git libc6-dev make procps python3 python3-venv util-linux \
 && rm -rf /var/lib/apt/lists/*
COPY --from=go /usr/local/go /usr/local/go
# An ordinary user; the folders are there so that a new volume mounted on one belongs to it.
RUN useradd --create-home --uid 1000 --shell /bin/bash lab \
 && install -d -o lab -g lab /home/lab/interplay /home/lab/runs /home/lab/.cache /home/lab/go
ENV PATH=/home/lab/interplay/.bin:/usr/local/go/bin:/usr/local/bin:/usr/bin:/bin \
    GOTOOLCHAIN=local \
    INTERPLAY_RUNS=/home/lab/runs
USER lab
WORKDIR /home/lab/interplay

FROM tools AS std
RUN CGO_ENABLED=1 go build std

# Behind a mirror: --build-arg PIP_INDEX_URL=… --build-arg GOPROXY=…
FROM std AS pinned
ARG PIP_INDEX_URL
ARG GOPROXY
COPY --chown=lab:lab go.mod go.sum ./
COPY --chown=lab:lab tools/python tools/python
COPY --chown=lab:lab tools/goimports tools/goimports
COPY --chown=lab:lab tools/gopls tools/gopls
COPY --chown=lab:lab scripts/env.sh scripts/prerequisites.sh scripts/setup.sh scripts/
RUN scripts/setup.sh --tools

# Go reads modules where they lie unpacked: what they were unpacked from goes.
FROM std AS setup
ARG PIP_INDEX_URL
ARG GOPROXY
COPY --chown=lab:lab . .
COPY --from=pinned --chown=lab:lab /home/lab/interplay/.venv .venv
COPY --from=pinned --chown=lab:lab /home/lab/interplay/.bin .bin
RUN make setup && find /home/lab/go/pkg/mod/cache/download -name '*.zip' -delete

FROM tools
COPY --from=setup --chown=lab:lab /home/lab /home/lab
VOLUME /home/lab/runs
EXPOSE 8888
CMD ["make", "demo"]
