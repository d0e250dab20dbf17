# SPDX-License-Identifier: GPL-2.0-only
# agenttop: one Makefile, no configure. Objects go to $(O); V=1 shows commands; SAN=address,undefined; WERROR=1.
#   make demo      set up, build, show the main job        make check     set up, build, run every test
#   make all       build only                              make bench     speed beside the tools people use
#   make bless     rewrite golden files                    make fuzz      FUZZ_SECONDS=60 per parser
.DELETE_ON_ERROR:
.SUFFIXES:

O       ?= build
PREFIX  ?= /usr/local
DESTDIR ?=
CC      ?= cc
VERSION := 0.1

goals   := $(or $(MAKECMDGOALS),all)
no-conf := deps check-deps demo check bench fuzz clean distclean
# demo, check, bench and fuzz first install what is missing, then call make again: nothing is probed before that.
ifneq ($(filter-out $(no-conf),$(goals)),)
need = $(if $(shell pkg-config --exists $(1) 2>/dev/null && echo y),,$(error $(1) not found: install the Debian package $(2), or run "make deps"))
$(call need,ncursesw,libncurses-dev)
$(call need,libtraceevent,libtraceevent-dev)
$(call need,libtracefs,libtracefs-dev)
have = $(if $(shell pkg-config --exists $(1) 2>/dev/null && echo y),$(1))
optional := $(call have,libzstd) $(call have,libtracecmd) $(call have,libbpf) $(call have,libperf)
zlib     := $(call have,zlib)
pkgs     := ncursesw libtraceevent libtracefs $(optional) $(zlib)
pkg-cflags := $(shell pkg-config --cflags $(pkgs))
pkg-libs   := -pthread $(shell pkg-config --libs ncursesw libtracefs $(call have,libzstd) $(zlib))
test-libs  := $(shell pkg-config --libs libtraceevent)	# reads event formats beside us
features   := $(foreach p,$(optional),-DHAVE_$(subst lib,,$(p))=1) $(if $(zlib),-DHAVE_zlib=1)
versions   := $(foreach p,$(pkgs),$(p)-$(shell pkg-config --modversion $(p)))
endif

CFLAGS   ?= -O2 -g
warn     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-missing-field-initializers
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(warn) $(if $(WERROR),-Werror) \
	$(if $(SAN),-fsanitize=$(SAN) -fno-sanitize-recover=all -fno-omit-frame-pointer) \
	$(features) -DAGENTTOP_VERSION='"$(VERSION)"' -DAGENTTOP_LIBS='"$(versions)"' $(pkg-cflags) -Isrc -Iui $(CFLAGS)
ALL_LDFLAGS = $(if $(SAN),-fsanitize=$(SAN)) $(LDFLAGS)

ifeq ($(V),1)
q :=
say = @:
else
q := @
say = @printf '  %-8s %s\n' $(1) $(2)
endif

srcs  := $(sort $(wildcard src/*.c) $(wildcard plugins/*.c) $(wildcard ui/*.c))
objs  := $(patsubst %.c,$(O)/%.o,$(filter-out src/main.c,$(srcs))) $(O)/gen/plugins.o
main  := $(O)/src/main.o
tests := $(sort $(wildcard tests/unit/test_*.c))
test-bins := $(patsubst tests/unit/%.c,$(O)/tests/%,$(tests))
agent-objs := $(patsubst %.c,$(O)/%.o,$(sort $(wildcard tests/agent/*.c)))

# What agents link or load (src/sdk): never with a sanitizer, and bound to itself whatever else the process has.
SDK_CFLAGS  = -std=gnu11 -D_GNU_SOURCE $(warn) $(if $(WERROR),-Werror) $(filter-out -flto%,$(CFLAGS)) -fPIC -fvisibility=hidden
SDK_LDFLAGS = -shared -Wl,-soname,libagentstep.so,-Bsymbolic,-z,defs,-z,now,-z,nodelete $(LDFLAGS)
sdk      := $(O)/libagentstep.so $(O)/libagentstep.a
sdk-objs := $(O)/sdk/agentstep.o $(O)/sdk/agentstep_node.o

.PHONY: all deps check-deps demo check run-check unit golden e2e layers bless fuzz bench install clean FORCE
all: $(O)/agenttop $(sdk)

$(O)/agenttop: $(main) $(objs)
	$(call say,LINK,$@)
	$(q)$(CC) $(ALL_LDFLAGS) -o $@ $^ $(pkg-libs)

# A change of flags rebuilds: the stamp's text is the flags.
$(O)/flags: FORCE
	@mkdir -p $(O)
	@printf '%s\n' '$(subst ','\'',$(CC) $(ALL_CFLAGS))' | cmp -s - $@ || printf '%s\n' '$(subst ','\'',$(CC) $(ALL_CFLAGS))' > $@

$(O)/%.o: %.c $(O)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/sdk/%.o: src/sdk/%.c $(O)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(q)$(CC) $(SDK_CFLAGS) -MMD -MP -c -o $@ $<
$(O)/libagentstep.so: $(sdk-objs)
	$(call say,LINK,$@)
	$(q)$(CC) $(SDK_LDFLAGS) -o $@ $^
$(O)/libagentstep.a: $(O)/sdk/agentstep.o
	$(call say,AR,$@)
	$(q)rm -f $@ && $(AR) rcs $@ $<

# The table of stages, from the sorted file names; rewritten only when its text changes.
stages := $(patsubst plugins/stage_%.c,%,$(sort $(wildcard plugins/stage_*.c)))
$(O)/gen/plugins.c: FORCE
	@mkdir -p $(@D)
	@{ echo '/* generated from the names in plugins/ */'; echo '#include "stage.h"'; \
	   for s in $(stages); do echo "extern const struct stage stage_$$s;"; done; \
	   echo 'const struct stage *const stages[] = {'; for s in $(stages); do echo "	&stage_$$s,"; done; \
	   echo '};'; echo 'const unsigned n_stages = sizeof stages / sizeof stages[0];'; } > $@.new
	@cmp -s $@.new $@ && rm -f $@.new || mv $@.new $@
$(O)/gen/plugins.o: $(O)/gen/plugins.c $(O)/flags
	$(call say,CC,$<)
	$(q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(O)/tests/%: tests/unit/%.c $(objs) $(O)/flags
	$(call say,TEST,$@)
	@mkdir -p $(@D)
	$(q)$(CC) $(ALL_CFLAGS) -Itests -MMD -MP -MF $@.d $(ALL_LDFLAGS) -o $@ $< $(objs) $(pkg-libs) $(test-libs)

# A sample agent, to record and to compare with.
$(O)/agentloop: $(agent-objs)
	$(call say,LINK,$@)
	$(q)$(CC) $(ALL_LDFLAGS) -pthread -o $@ $^ -ldl

-include $(patsubst %.o,%.d,$(objs) $(main) $(agent-objs) $(sdk-objs)) $(addsuffix .d,$(test-bins))

deps:
	@sh tests/deps.sh build
check-deps:
	@sh tests/deps.sh build test

demo: deps
	@$(MAKE) --no-print-directory all $(O)/agentloop
	@sh tests/demo.sh $(O)/agenttop $(O)/agentloop
check: check-deps
	@$(MAKE) --no-print-directory run-check
run-check: all $(test-bins) $(O)/agentloop layers
	@O=$(O) sh tests/run.sh
unit: $(test-bins)
	@O=$(O) sh tests/run.sh unit
golden: all
	@O=$(O) sh tests/run.sh golden
e2e: all $(O)/agentloop
	@O=$(O) sh tests/run.sh e2e
bless: all
	@O=$(O) BLESS=1 sh tests/run.sh golden
layers: $(objs) $(main)
	@sh tests/layers.sh $(patsubst %.o,%.d,$(filter-out $(O)/gen/%,$(objs)) $(main))
bench: check-deps
	@$(MAKE) --no-print-directory all $(O)/agentloop
	@O=$(O) sh tests/bench.sh
fuzz: check-deps
	@O=$(O)/fuzz sh tests/fuzz/run.sh

install: all
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,bin lib include share/agenttop $(addprefix share/man/man,1 3 5 7))
	install -m 755 $(O)/agenttop $(DESTDIR)$(PREFIX)/bin/agenttop
	install -m 644 $(wildcard man/*.1) $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 $(sdk) $(DESTDIR)$(PREFIX)/lib/
	install -m 644 src/sdk/agentstep.h $(DESTDIR)$(PREFIX)/include/
	install -m 644 src/sdk/agentstep.py src/sdk/agentstep.js $(DESTDIR)$(PREFIX)/share/agenttop/
	install -m 644 $(wildcard man/*.3) $(DESTDIR)$(PREFIX)/share/man/man3/
	install -m 644 $(wildcard man/*.5) $(DESTDIR)$(PREFIX)/share/man/man5/
	install -m 644 $(wildcard man/*.7) $(DESTDIR)$(PREFIX)/share/man/man7/
clean:
	rm -rf $(O)
