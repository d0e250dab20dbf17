# SPDX-License-Identifier: GPL-2.0-only
# Which CPU is hot, what came there, and whom it hurt.
for s in '80x24 3' '80x24 3g' '80x24 3S' '120x40 3' '200x60 3'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_hot.ev || exit
done
AGENTTOP_ASCII=1 agenttop --screen 80x24 --keys 3 screen_hot.ev || exit
# Without steps, with little recorded, with nothing at all, with hostile names, on the smallest screen.
for s in '80x24 screen_nosteps.ev' '80x24 screen_lossy.ev' '80x24 switch_only.ev' '80x24 empty.ev' '80x24 screen_hostile.ev' \
	'40x10 screen_hot.ev'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys 3 "${s#* }" || exit
done
