# SPDX-License-Identifier: GPL-2.0-only
# Inside a step: its pieces, an actor, all events, zoom, time in logarithms.
for s in '80x24 <Enter>m' '80x24 2<Down><Down>' '80x24 2<Enter>' '80x24 2++' '80x24 2l' '80x24 2g<Right>'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_hot.ev || exit
done
