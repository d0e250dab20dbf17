# SPDX-License-Identifier: GPL-2.0-only
# More pieces and more actors than the screen has room for.
for s in '80x24 2' '80x24 2<Down><Down><Right>' '80x24 2+++m' '120x40 2' '200x60 2'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_many.ev || exit
done
