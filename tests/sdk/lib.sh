# SPDX-License-Identifier: GPL-2.0-only
# For tests that listen to agents: an instance and uprobes of their own, and nothing left of them.
#
#   why=$(not_live)             why this machine cannot; empty: it can
#   live_begin                  makes $instance (agenttop-test-sdk.PID); live_end in a trap
#   probe NAME FILE SITE        a uprobe $group/NAME on what `$find FILE` says; FILE may be /proc/PID/root/...
#   enable NAME, disable NAME
#   as_nobody COMMAND...

trace=/sys/kernel/tracing
[ -e $trace/trace_marker ] || trace=/sys/kernel/debug/tracing
instance=$trace/instances/agenttop-test-sdk.$$
group=agenttop_test_$$
probes=''

not_live()
{
	case $(uname -m) in x86_64 | aarch64) ;; *) echo "live: no uprobe of an argument is written here for $(uname -m)" && return ;; esac
	[ "$(id -u)" -eq 0 ] || { echo "live: needs root" && return; }
	[ -w $trace/uprobe_events ] || { echo "live: there is no uprobe_events in $trace" && return; }
	command -v setpriv > /dev/null || echo "live: there is no setpriv"
}

live_begin()
{
	mkdir "$instance"
}

# A probe goes when nothing has it enabled and no instance keeps events of it.
live_end()
{
	[ -d "$instance" ] || return 0
	for p in $probes; do
		echo 0 > "$instance/events/$group/$p/enable"
	done
	rmdir "$instance"
	for p in $probes; do
		echo "-:$group/$p" >> $trace/uprobe_events
	done
	probes=''
}

probe()
{
	sites=$("${find:?}" "$2") || return 1
	# shellcheck disable=SC2086
	set -- "$1" "$2" "$3" $sites
	case $(uname -m) in x86_64) arg=%di ;; *) arg=%x0 ;; esac
	case $3 in
	mark) echo "p:$group/$1 $2:$4($5) text=+0($arg):ustring" >> $trace/uprobe_events ;;
	listen) echo "p:$group/$1 $2:$6($7)" >> $trace/uprobe_events ;;
	esac || return 1
	probes="$probes $1"
}

enable() { echo 1 > "$instance/events/$group/$1/enable"; }
disable() { echo 0 > "$instance/events/$group/$1/enable"; }

as_nobody()
{
	setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}
