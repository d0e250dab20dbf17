# SPDX-License-Identifier: GPL-2.0-only
# Without steps: why, and what can be told all the same.
for s in '80x24 ' '80x24 2' '120x40 ' '200x60 '; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_nosteps.ev || exit
done
