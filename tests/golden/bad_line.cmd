# SPDX-License-Identifier: GPL-2.0-only
# A mistake in a hand-written file is told with its line.
# exit: 1
agenttop --report bad_line.ev
