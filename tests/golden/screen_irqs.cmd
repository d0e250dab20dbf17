# SPDX-License-Identifier: GPL-2.0-only
# Interrupts and softirqs: who hurts most, in another order, and the step that one hurt.
for s in '80x24 4' '80x24 4<End>' '80x24 4<End><Enter>' '80x24 4sr' '120x40 4' '200x60 4'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_hot.ev || exit
done
for s in '80x24 4' '40x10 4' '80x24 4jj'; do
	printf '== ASCII %s\n' "$s"
	AGENTTOP_ASCII=1 agenttop --screen "${s%% *}" --keys "${s#* }" screen_many.ev || exit
done
printf '== nothing\n'
agenttop --screen 80x24 --keys 4 empty.ev
