# SPDX-License-Identifier: GPL-2.0-only
# Several kinds of steps: as they come, expanded, in another order, wide.
for s in '80x24 ' '80x24 <Space>j' '80x24 S' '80x24 sr' '80x24 2>' '120x40 ' '200x60 '; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_kinds.ev || exit
done
