# SPDX-License-Identifier: GPL-2.0-only
# Disks with those who issued their requests, network devices, rings; and what was not recorded.
devices='<S-Tab><S-Tab><S-Tab><S-Tab>'
for f in block_read block_submitters io_uring napi_batch; do
	for s in "80x24 $devices" "120x40 $devices<Space>" "200x60 $devices<End>"; do
		printf '== %s %s\n' "$f" "${s%% *}"
		agenttop --screen "${s%% *}" --keys "${s#* }" "$f.ev" || exit
	done
done
for s in "80x24 $devices" "80x24 $devices<Space>jjs" "80x24 $devices<End><Enter>"; do
	printf '== ascii %s\n' "$s"
	AGENTTOP_ASCII=1 agenttop --screen "${s%% *}" --keys "${s#* }" io_uring.ev || exit
done
