# SPDX-License-Identifier: GPL-2.0-only
# Stages: shares, targets, verdicts, the map over time, and the step with most of one.
for s in '80x24 5' '80x24 5jj<Enter>' '80x24 5sr' '80x24 5<Space>' '120x40 5' '200x60 5<Space><Right>'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_kinds.ev || exit
done
for s in '80x24 5' '40x10 5' '120x40 5<Space>'; do
	printf '== ASCII %s\n' "$s"
	AGENTTOP_ASCII=1 agenttop --screen "${s%% *}" --keys "${s#* }" screen_hot.ev || exit
done
printf '== nothing\n'
agenttop --screen 80x24 --keys 5 screen_nosteps.ev
