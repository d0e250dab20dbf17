# SPDX-License-Identifier: GPL-2.0-only
# Stages: shares, targets, verdicts, the map over time, and the step with most of one.
for s in '80x24 4' '80x24 4jj<Enter>' '80x24 4sr' '80x24 4<Space>' '120x40 4' '200x60 4<Space><Right>'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_kinds.ev || exit
done
for s in '80x24 4' '40x10 4' '120x40 4<Space>'; do
	printf '== ASCII %s\n' "$s"
	AGENTTOP_ASCII=1 agenttop --screen "${s%% *}" --keys "${s#* }" screen_hot.ev || exit
done
printf '== nothing\n'
agenttop --screen 80x24 --keys 4 screen_nosteps.ev
