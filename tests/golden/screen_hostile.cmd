# SPDX-License-Identifier: GPL-2.0-only
# Names that would take over a terminal or push columns out of line.
for s in '80x24 ' '80x24 2' '80x24 2>' '80x24 <S-Tab><S-Tab>' '200x60 2'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_hostile.ev || exit
done
