#!/usr/bin/env bash
# A Slurm of its own on this machine, for tests: slurmctld, four slurmd of one core each,
# and the tools. Debian's packages are unpacked into .cache/slurm; nothing is installed,
# and no daemon of munge runs (auth/none: for a machine that nobody else is on).
#
#   scripts/cluster/slurm.sh start          starts it, waits until its four nodes are idle
#   scripts/cluster/slurm.sh in COMMAND…    runs a command that finds sbatch, squeue, …
#   scripts/cluster/slurm.sh node N stop|start   kills node N (1 to 4) with its jobs, or brings it back
#   scripts/cluster/slurm.sh stop           ends its jobs and daemons
#
# Exit status 3: the packages cannot be had here; the reason is on the last line.
# Runs as root; as another user it was not tried.
set -euo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/../env.sh"

HOME_OF_SLURM=$ROOT/.cache/slurm
UNPACKED=$HOME_OF_SLURM/root
STATE=$HOME_OF_SLURM/state
LOGS=$HOME_OF_SLURM/log
LIBRARIES=$UNPACKED/usr/lib/x86_64-linux-gnu
SLURM_VERSION=22.05.8-4+deb12u3
PACKAGES="slurmctld=$SLURM_VERSION slurmd=$SLURM_VERSION slurm-client=$SLURM_VERSION
	slurm-wlm-basic-plugins=$SLURM_VERSION slurm-wlm-plugins=$SLURM_VERSION
	libmunge2=0.5.15-2+deb12u1 libhwloc15=2.9.0-1 libjwt0=1.10.2-1+deb12u1 libpmix2=4.2.2-1+deb12u1
	libfreeipmi17=1.6.10-1+b1 liblua5.3-0=5.3.6-2 libdbus-1-3=1.14.10-1~deb12u1"

# Two checkouts on one machine must not share ports.
PORTS=$((20000 + $(cksum <<<"$ROOT" | cut -d' ' -f1) % 1000 * 10))

unavailable() {
	echo "skipped: $1"
	exit 3
}

unpack() {
	[ "$(id -u)" = 0 ] || unavailable "the local Slurm was tried as root only"
	[ "$(cat "$UNPACKED/.packages" 2>/dev/null)" != "$PACKAGES" ] || return 0
	[ "$(uname -m)" = x86_64 ] && grep -qs '^VERSION_CODENAME=bookworm' /etc/os-release ||
		unavailable "the local Slurm is made of Debian 12's x86_64 packages, and this machine is no Debian 12 on x86_64"
	command -v apt-get >/dev/null && command -v dpkg >/dev/null || unavailable "there is no apt-get here to fetch Slurm's packages with"
	rm -rf "$UNPACKED" "$HOME_OF_SLURM/debs"
	mkdir -p "$UNPACKED" "$HOME_OF_SLURM/debs"
	cd "$HOME_OF_SLURM/debs"
	local log=$HOME_OF_SLURM/download.log
	# shellcheck disable=SC2086 # one word a package
	if ! apt-get download $PACKAGES >"$log" 2>&1; then
		apt-get update >>"$log" 2>&1 || true
		# shellcheck disable=SC2086
		apt-get download $PACKAGES >>"$log" 2>&1 || unavailable "Slurm's packages cannot be fetched: $(grep -m1 '^E:' "$log" || tail -n 1 "$log")"
	fi
	local deb
	for deb in *.deb; do dpkg -x "$deb" "$UNPACKED"; done
	cd "$UNPACKED/usr/sbin"
	local daemon
	for daemon in slurmctld slurmd slurmstepd; do ln -sf $daemon-wlm $daemon; done
	cd "$ROOT"
	rm -rf "$HOME_OF_SLURM/debs"
	local missing
	missing=$(LD_LIBRARY_PATH=$LIBRARIES:$LIBRARIES/slurm-wlm ldd "$UNPACKED/usr/sbin/slurmctld" "$UNPACKED/usr/sbin/slurmd" "$UNPACKED/usr/bin/sbatch" | awk '/not found/ {print $1}' | sort -u | tr '\n' ' ')
	[ -z "$missing" ] || unavailable "Slurm lacks libraries on this machine: $missing"
	printf '%s' "$PACKAGES" >"$UNPACKED/.packages"
}

configure() {
	local host
	host=$(hostname -s)
	mkdir -p "$STATE/ctld" "$LOGS"
	cat >"$HOME_OF_SLURM/slurm.conf" <<-CONF
		ClusterName=lab
		SlurmctldHost=$host(127.0.0.1)
		SlurmUser=$(id -un)
		SlurmdUser=$(id -un)
		AuthType=auth/none
		AuthInfo=cred_expire=5
		CredType=cred/none
		PluginDir=$LIBRARIES/slurm-wlm
		SlurmctldPort=$PORTS
		SlurmctldPidFile=$STATE/slurmctld.pid
		SlurmdPidFile=$STATE/slurmd-%n.pid
		SlurmdSpoolDir=$STATE/%n
		StateSaveLocation=$STATE/ctld
		SlurmctldLogFile=$LOGS/slurmctld.log
		SlurmdLogFile=$LOGS/slurmd-%n.log
		ProctrackType=proctrack/pgid
		TaskPlugin=task/none
		SwitchType=switch/none
		MpiDefault=none
		SelectType=select/cons_tres
		SelectTypeParameters=CR_Core
		SchedulerType=sched/backfill
		SchedulerParameters=bf_interval=2,sched_min_interval=200000
		AccountingStorageType=accounting_storage/none
		JobCompType=jobcomp/none
		JobAcctGatherType=jobacct_gather/none
		ReturnToService=2
		SlurmdTimeout=10
		KillWait=10
		SlurmdParameters=config_overrides
		NodeName=n[1-4] NodeHostname=$host NodeAddr=127.0.0.1 Port=[$((PORTS + 1))-$((PORTS + 4))] CPUs=2 RealMemory=4000 State=UNKNOWN
		PartitionName=main Nodes=n[1-4] Default=YES MaxTime=INFINITE State=UP
	CONF
}

use() {
	export SLURM_CONF=$HOME_OF_SLURM/slurm.conf
	export LD_LIBRARY_PATH=$LIBRARIES:$LIBRARIES/slurm-wlm${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
	export PATH=$UNPACKED/usr/bin:$UNPACKED/usr/sbin:$PATH
}

# end PIDFILE ends the daemon of a pid file, if it runs and is the local Slurm's.
end() {
	local pid
	pid=$(cat "$1" 2>/dev/null) || return 0
	case $(readlink "/proc/$pid/exe" 2>/dev/null) in
	"$UNPACKED"/*) kill "-${2:-TERM}" "$pid" 2>/dev/null || true ;;
	*) return 0 ;;
	esac
	local i
	for i in $(seq 50); do
		kill -0 "$pid" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -KILL "$pid" 2>/dev/null || true
}

stop() {
	use
	[ ! -e "$SLURM_CONF" ] || timeout 5 scancel --user="$(id -un)" 2>/dev/null || true
	local i
	for i in 1 2 3 4; do end "$STATE/slurmd-n$i.pid"; done
	end "$STATE/slurmctld.pid"
}

node_up() { slurmd -d "$UNPACKED/usr/sbin/slurmstepd" -N "$1"; }

start() {
	unpack
	stop
	rm -rf "$STATE" "$LOGS"
	configure
	use
	slurmctld
	local i
	for i in 1 2 3 4; do node_up "n$i"; done
	for i in $(seq 300); do
		[ "$(sinfo -h -N -o %T 2>/dev/null | grep -cx idle)" != 4 ] || return 0
		sleep 0.2
	done
	tail -n 5 "$LOGS"/*.log >&2
	fail "the local Slurm's nodes did not come up in a minute" "see the logs in $LOGS"
}

case ${1:-} in
start) start ;;
stop) stop ;;
in)
	use
	shift
	exec "$@"
	;;
node)
	use
	case ${3:-} in
	stop)
		for pid in $(grep -lsz "^SLURMD_NODENAME=n$2\$" /proc/[0-9]*/environ | cut -d/ -f3); do
			[ "$pid" = $$ ] || kill -KILL "$pid" 2>/dev/null || true
		done
		end "$STATE/slurmd-n$2.pid" KILL
		;;
	start) node_up "n$2" ;;
	*) fail "slurm.sh node $2 needs stop or start" "see the head of this script" ;;
	esac
	;;
*) fail "slurm.sh does not know '${1:-}'" "it knows start, stop, in and node" ;;
esac
