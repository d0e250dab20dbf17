# SPDX-License-Identifier: GPL-2.0-only
# The same where there is room.
for s in '200x60 ' '200x60 2'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_hot.ev || exit
done
