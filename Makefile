# The commands of the laboratory; the work is in scripts/ and cmd/interplay.
#
#   make demo     set up, then run the walkthrough notebook and say where its results are
#   make test     set up, then run every check that CI runs
#   make check PKG=kernelkit/verify   set up, then the checks of one package, in seconds
#   make lab      set up, then open JupyterLab on the notebooks
#   make course   the same on the lessons
#   make site     everything that there is to read as a static site, build/site/index.html
#
# Settings, on the command line or in the environment: PROFILE=smoke|micro|gpu|paper,
# SEED=1, GOMLX_BACKEND=xla:cpu|xla:cuda, INTERPLAY_RUNS=folder,
# INTERPLAY_PROGRAMS=folder|off (where compiled programs are kept), FUZZTIME=30s.

ifdef PROFILE
export INTERPLAY_PROFILE := $(PROFILE)
endif
ifdef SEED
export INTERPLAY_SEED := $(SEED)
endif

.PHONY: check readme lessons demo test lab course site setup setup-cuda fuzz audit bench peers clean

demo:
	@scripts/demo.sh

test:
	@scripts/test.sh

check:
	@scripts/test.sh $(or $(PKG),$(error which package? make check PKG=kernelkit/verify))

# The numbers of README.md and its badges, from the committed results of the studies.
readme:
	@scripts/in-project.sh go run ./scripts/readme

lab:
	@scripts/lab.sh

course:
	@scripts/lab.sh notebooks/course/01_graphs.ipynb

# Notebooks are shown as they were executed, not run again.
site:
	@scripts/site.sh

setup:
	@scripts/setup.sh --repair

# The PJRT CUDA plugin and NVIDIA's libraries, for GOMLX_BACKEND=xla:cuda.
setup-cuda:
	@scripts/setup-cuda.sh

# Every fuzz target for FUZZTIME each.
fuzz:
	@scripts/fuzz.sh

# The notebooks of the course, from the lessons' sources in notebooks/course/lessons.
lessons:
	@scripts/in-project.sh go run ./scripts/course

# Known vulnerabilities (over the network) and licences of what the laboratory depends on.
audit:
	@scripts/audit.sh

bench: setup
	@scripts/in-project.sh .bin/interplay bench

# Against transformers, JAX, PyTorch and TRL: interchange, then speeds side by side.
peers:
	@scripts/peers.sh

# Everything that set-up and the checks made; the run store stays.
clean:
	@[ ! -d .cache ] || chmod -R u+w .cache # Go keeps its module cache read-only
	rm -rf .venv .venv.old .venv-peers .venv-site .bin .cache .jupyter build
