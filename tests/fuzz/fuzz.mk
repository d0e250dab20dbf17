# SPDX-License-Identifier: GPL-2.0-only
# Builds the fuzz targets from the Makefile's own lists; run.sh calls it. ENGINE: what to link them with (a flag, or driver.o).
include Makefile

targets := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
.PHONY: fuzzers seeds
fuzzers: $(addprefix $(O)/,$(targets))
# Rewrites tests/fuzz/seeds; those that are packed depend on the compressors' versions.
seeds: $(O)/make_seeds
	$(q)$< tests/fuzz/seeds

$(O)/fuzz_%: tests/fuzz/fuzz_%.c tests/fuzz/fuzz.h $(objs) $(O)/flags $(filter %.o,$(ENGINE))
	$(call say,FUZZ,$@)
	$(q)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $< $(objs) $(ENGINE) $(pkg-libs)
# Neither coverage nor sanitizers in the driver itself.
$(O)/driver.o: tests/fuzz/driver.c $(O)/flags
	$(q)$(CC) -std=gnu11 -D_GNU_SOURCE -O2 -g $(warn) -c -o $@ $<
$(O)/make_seeds: tests/fuzz/make_seeds.c tests/unit/dat_image.h tests/unit/perf_image.h src/base.c $(O)/flags
	$(q)$(CC) -std=gnu11 -D_GNU_SOURCE -Isrc -O1 -g $(warn) -Wno-unused-function $(features) -o $@ $< src/base.c $(pkg-libs)
