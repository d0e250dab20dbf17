# SPDX-License-Identifier: GPL-2.0-only
# Who took the steps' time: by actor, expanded, at three sizes; from the chain to it; where there is nothing.
t='<S-Tab><S-Tab><S-Tab>'
for s in "80x24 $t" "80x24 $t<Space><Down>" "120x40 $t" "200x60 $t<Space>" "80x24 $t<Enter>" '80x24 <Enter>t'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_hot.ev || exit
done
printf '== no steps\n'
agenttop --screen 80x12 --keys "$t" screen_nosteps.ev || exit
agenttop --report screen_hot.ev | sed -n "/^Who took/,/^\$/p"
