# SPDX-License-Identifier: GPL-2.0-only
# What the recording can tell, and how to see the rest of it.
for s in '80x24 <S-Tab><S-Tab>' '80x24 <S-Tab><S-Tab>G' '120x40 <S-Tab><S-Tab>'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_hot.ev || exit
done
