# SPDX-License-Identifier: GPL-2.0-only
# The same for a terminal that has only ASCII.
export AGENTTOP_ASCII=1
for s in '80x24 ' '80x24 2' '120x40 2'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_hot.ev || exit
done
