# SPDX-License-Identifier: GPL-2.0-only
# What a test in shell needs, to be sourced: checks that print one line of TAP each. The test ends with
#
#	echo "1..$n"
#	exit $failed
#
#   ok STATUS WHAT [NOTE...]    a check that has held when STATUS is 0; else the notes are shown, 20 lines of each
#   skip WHAT WHY               counts as one check that was not made
#   skip_all WHY                ends the test before its first check
#   until_true SECONDS COMMAND...

# Who sources this uses them.
# shellcheck disable=SC2034
n=0 failed=0

ok()
{
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $n - $2"
	else
		echo "not ok $n - $2"
		failed=1
		shift 2
		for note; do printf '%s\n' "$note" | sed -n '1,20s/^/# /p'; done
		show_more
	fi
}

# Called when a check has failed; for a test that has more to show each time.
show_more() { :; }

skip()
{
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}

skip_all()
{
	echo "1..0 # SKIP $*"
	exit 0
}

# Runs it again and again until it is true; false when it is not in time.
until_true()
{
	tries=$(($1 * 20))
	shift
	while ! "$@"; do
		tries=$((tries - 1))
		[ "$tries" -gt 0 ] || return 1
		sleep 0.05
	done
}
