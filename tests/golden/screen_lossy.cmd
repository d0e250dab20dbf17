# SPDX-License-Identifier: GPL-2.0-only
# Events lost and most stages off: what is not known is not said to be zero.
for s in '80x24 ' '80x24 2' '80x24 <S-Tab><S-Tab>' '120x40 <S-Tab><S-Tab>'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_lossy.ev || exit
done
