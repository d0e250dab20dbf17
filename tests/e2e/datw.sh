#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# timeout: 300
# Recordings that we write, whole and killed, as trace-cmd reads them: all events, and not a word of complaint.
# And live pages of the kernel: joined, they read as they came.
cd "$(dirname "$0")/../.." || exit 1
case ${O:=build} in /*) ;; *) O=$PWD/$O ;; esac
write=$O/tests/test_datw page=$O/tests/test_page
. tests/tap.sh
command -v trace-cmd > /dev/null || skip_all "trace-cmd is not installed"
[ -x "$write" ] && [ -x "$page" ] || skip_all "the unit tests are not built"
tmp=$(mktemp -d "${TMPDIR:-/tmp}/agenttop-datw.XXXXXX") || exit 1
instance=
# shellcheck disable=SC2329
clean()
{
	umount "$tmp/small" 2> /dev/null
	if [ -n "$instance" ]; then
		echo 0 > "$instance/events/enable"
		rmdir "$instance"
	fi
	rm -rf "$tmp"
}
trap clean EXIT
trap 'exit 130' INT TERM

# silent COMMAND...: it ends well, with nothing on stderr; its output is in $tmp/out. What is wrong is in $complaint.
silent()
{
	complaint=
	timeout 60 "$@" > "$tmp/out" 2> "$tmp/err" < /dev/null || { complaint="$*: status $?"; return 1; }
	[ ! -s "$tmp/err" ] || { complaint=$(head -n 5 "$tmp/err"); return 1; }
}
events() { grep -c "alpha: *a=[0-9]*\$" "$tmp/out"; }
dumps() { silent trace-cmd dump --all -i "$1" && silent trace-cmd dump --summary -i "$1"; }

whole()
{
	want=$("$write" write "$tmp/w.dat" "$1" "$2")
	silent trace-cmd report -i "$tmp/w.dat" && got=$(events) && [ "$got" = "$want" ]
	ok $? "version $1, zstd $2: trace-cmd sees all $want events" "$(events) of them" "$complaint"
	dumps "$tmp/w.dat"
	ok $? "and dumps it" "$complaint"
	for new in 6 7; do
		trace-cmd convert --file-version $new -i "$tmp/w.dat" -o "$tmp/c.dat" > /dev/null 2>&1
		silent trace-cmd report -i "$tmp/c.dat" && got=$(events) && [ "$got" = "$want" ]
		ok $? "and converts it to version $new" "$(events) of $want events" "$complaint"
	done
}

# Stops at each third change of the file; the unit test, which needs no trace-cmd, at every one.
killed()
{
	files=0 step=1 what=
	while [ "$step" -lt 300 ] && [ "$what" != ended ]; do
		read -r what least << EOF
$("$write" kill "$tmp/k.dat" "$1" "$2" $step)
EOF
		step=$((step + 3))
		[ "$what" = none ] && continue
		files=$((files + 1))
		if ! silent trace-cmd report -i "$tmp/k.dat" || [ "$(events)" -lt "$least" ] || ! dumps "$tmp/k.dat"; then
			ok 1 "version $1, zstd $2: killed at change $((step - 3))" "$(events) of $least events" "$complaint"
			return
		fi
	done
	if [ "$files" -gt 10 ]; then
		ok 0 "version $1, zstd $2: killed at any step of $files: trace-cmd sees what was flushed"
	else
		skip "version $1, zstd $2: killed at any step" "this system allows no ptrace"
	fi
}

full_disk()
{
	mkdir "$tmp/small"
	mount -t tmpfs -o size=3m none "$tmp/small" 2> /dev/null || { skip "a full disk" "no file system can be mounted"; return; }
	for form in "6 0" "7 0" "7 1"; do
		# shellcheck disable=SC2086
		read -r least why << EOF
$("$write" fill "$tmp/small/f.dat" $form)
EOF
		silent trace-cmd report -i "$tmp/small/f.dat" && [ "$(events)" -ge "$least" ] && [ "$least" -gt 1000 ] &&
			[ "$why" = "$tmp/small/f.dat: No space left on device" ]
		ok $? "a full disk ($form) keeps the $least events that were flushed" "$(events) of them" "$why" "$complaint"
	done
	umount "$tmp/small"
}

live()
{
	tracing=/sys/kernel/tracing
	if ! mkdir "$tracing/instances/agenttop-test-datw.$$" 2> /dev/null; then
		skip "live pages, joined" "live: no instance in $tracing"
		return
	fi
	instance=$tracing/instances/agenttop-test-datw.$$
	echo mono > "$instance/trace_clock"
	echo 1 > "$instance/events/sched/sched_switch/enable"
	echo 1 > "$instance/events/sched/sched_waking/enable"
	pages=$("$page" live "$instance" "$tmp/a.dat" "$tmp/b.dat" 1500)
	for f in a b; do
		silent trace-cmd report -t -i "$tmp/$f.dat" || break
		cp "$tmp/out" "$tmp/$f.txt"
	done
	lines=$(wc -l < "$tmp/a.txt")
	cmp -s "$tmp/a.txt" "$tmp/b.txt" && [ "$lines" -gt 10 ] && [ "${pages% *}" -gt "${pages#* }" ]
	ok $? "live: $lines lines of ${pages% *} reads are the same in ${pages#* } joined pages" "$complaint"
}

for form in "6 0" "7 0" "7 1"; do
	# shellcheck disable=SC2086
	whole $form
	# shellcheck disable=SC2086
	killed $form
done
full_disk
live
echo "1..$n"
exit $failed
