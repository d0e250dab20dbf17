# SPDX-License-Identifier: GPL-2.0-only
# The same in ASCII.
export AGENTTOP_ASCII=1
for s in '80x24 ' '80x24 <Space>' '80x24 2'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_hostile.ev || exit
done
