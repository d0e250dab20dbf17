# SPDX-License-Identifier: GPL-2.0-only
# Clicks: on a row, twice on it, on a heading, again, on a tab, on a key in the footer; in the waterfall; the wheel.
for s in '80x24 <Click:30,9>' '80x24 <Click:30,9><Click:40,9>' '80x24 <Click:4,7>' '80x24 <Click:4,7><Click:4,7>' \
	'80x24 <Click:25,6>' '80x24 <Click:30,23>' '120x40 <Enter><Click:60,6>' '200x60 <Enter><Click:60,8>' \
	'80x24 <Enter><Click:45,6><Click:45,6>' '80x24 <WheelDown:5,15>' '80x24 <WheelDown:5,15><WheelUp:5,15>'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_kinds.ev || exit
done
