#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Installs the Debian packages that are missing: deps.sh build [test]
#
# Says nothing and needs no privilege when all are there. Where there is no apt-get it names what is needed and
# lets the build find out.
set -u

build='gcc libc6-dev make pkg-config libncurses-dev libtraceevent-dev libtracefs-dev libtracecmd-dev libzstd-dev zlib1g-dev'
# Without these something is left out of the program, and --version says so.
build_optional='libbpf-dev'
test='python3 trace-cmd tmux man-db ncurses-bin'
# perf is named after the kernel on some systems; without it the comparison with it is skipped. nodejs: the SDK's module.
# bpftrace: live counts and times beside its own; fio: a load of the benchmark; htop: screens to compare ours with.
test_optional='linux-perf nodejs bpftrace fio htop'

installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null)" = installed ]
}

# A tool that came another way than by its package is as good.
present()
{
	case $1 in
	gcc) command -v cc > /dev/null && return ;;
	make | pkg-config | python3 | trace-cmd | tmux | bpftrace | fio | htop) command -v "$1" > /dev/null && return ;;
	linux-perf) command -v perf > /dev/null && return ;;
	nodejs) command -v node > /dev/null && return ;;
	esac
	installed "$1"
}

missing()
{
	for p; do
		present "$p" || printf '%s ' "$p"
	done
}

as_root()
{
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	else
		sudo "$@"
	fi
}

apt()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Acquire::Retries=3 -o DPkg::Lock::Timeout=120 "$@" > "$log" 2>&1
}

# apt several times: mirrors and networks have bad moments.
try()
{
	for wait in 0 5 15 45; do
		sleep $wait
		apt "$@" && return
	done
	tail -n 15 "$log" >&2
	return 1
}

need='' want=''
for kind; do
	case $kind in
	build) need="$need $build" want="$want $build_optional" ;;
	test) need="$need $test" want="$want $test_optional" ;;
	*)
		echo "deps.sh: $kind: expected build or test" >&2
		exit 2
		;;
	esac
done
if ! command -v apt-get > /dev/null || ! command -v dpkg-query > /dev/null; then
	echo "deps.sh: no apt-get here; needed, by their names on Debian:$need" >&2
	exit 0
fi
# shellcheck disable=SC2086
need=$(missing $need) want=$(missing $want)
[ -n "$need$want" ] || exit 0
if [ "$(id -u)" -ne 0 ] && ! command -v sudo > /dev/null; then
	[ -n "$need" ] || exit 0
	echo "deps.sh: missing packages, and neither root nor sudo to install them; run as root: apt-get install $need" >&2
	exit 1
fi
# Optional packages are no reason to ask for a password.
[ -n "$need" ] || [ "$(id -u)" -eq 0 ] || exit 0

log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
# shellcheck disable=SC2086
if [ -n "$need" ]; then
	echo "installing: $need"
	try update || echo "deps.sh: apt-get update failed; trying with the package lists that are there" >&2
	if ! try install --no-install-recommends $need; then
		echo "deps.sh: cannot install: $need; see above" >&2
		exit 1
	fi
fi
# Once, and only what the package lists know: being without them must not cost time at every run.
for p in $want; do
	apt-cache show "$p" > /dev/null 2>&1 || continue
	echo "installing: $p"
	apt install --no-install-recommends "$p" || echo "deps.sh: $p is not to be had; going on without" >&2
done
