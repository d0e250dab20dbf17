# SPDX-License-Identifier: GPL-2.0-only
# All keys and all words.
for s in '80x24 ?' '80x24 ?G' '120x40 ?' '120x40 ?G'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_hot.ev || exit
done
