# SPDX-License-Identifier: GPL-2.0-only
# Screens of the least size, and below it.
for s in '40x10 ' '40x10 <Space>' '40x10 2' '40x10 <S-Tab><S-Tab>' '40x10 ?' '20x5 '; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_kinds.ev || exit
done
