# SPDX-License-Identifier: GPL-2.0-only
# A prompt, what is wrong with what is typed, a filter that is on, a search, marks, the newest step.
for s in '80x24 f' '80x24 fstage.runq>5us' '80x24 fstep>10<Enter>' '80x24 fstage.runqueue>1ms agent=planner<Enter>' \
	'120x40 fstage.runqueue>1ms agent=planner<Enter><Space>' '200x60 fstage.runqueue>1ms agent=planner<Enter><Space>' \
	'80x24 fstep>1s<Enter>' '80x24 <Space>jmjmk' '80x24 /xyz' '80x24 <Space>/3<Enter>' '80x24 F'; do
	printf '== %s\n' "$s"
	agenttop --screen "${s%% *}" --keys "${s#* }" screen_kinds.ev || exit
done
printf '== ASCII\n'
AGENTTOP_ASCII=1 agenttop --screen 120x40 --keys 'fstage.runqueue>1ms agent=planner<Enter><Space>jm' screen_kinds.ev
