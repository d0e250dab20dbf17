# SPDX-License-Identifier: GPL-2.0-only
# A step behind a hot CPU: which step, and where its time went.
for s in '80x24 ' '80x24 2' '120x40 2'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_hot.ev || exit
done
