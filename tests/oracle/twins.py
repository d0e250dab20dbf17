#!/usr/bin/env -S python3 -B
# SPDX-License-Identifier: GPL-2.0-only
"""The same events in another container give the same report, but for what names the container.

  twins.py A B [A B...]            pairs of files
  twins.py --convert FILE...       trace.dat files, against what trace-cmd convert makes of them (v6; v7 plain; v7 zstd)
  twins.py --pipe FILE...          files, against the same bytes through a pipe
"""
import os
import subprocess
import sys
import tempfile

import agenttop
from property import first_difference
from tap import Tap, skip_all

# The container's own; notes tell about it too.
OWN = ('file', 'version', 'bytes', 'notes')


def report(binary, path):
    return agenttop.report(path, '--top', '0', '--steps', 'all', binary=binary)


def through_pipe(binary, path):
    cat = subprocess.Popen(['cat', path], stdout=subprocess.PIPE)
    r = agenttop.Run([binary, '--report=json', '--top', '0', '--steps', 'all', '-'], stdin=cat.stdout)
    cat.stdout.close()
    cat.wait()
    return r


def bare(j):
    j = dict(j)
    j.pop('self', None)
    j['source'] = {k: v for k, v in j['source'].items() if k not in OWN}
    return j


def same(tap, what, a, b):
    for r in (a, b):
        if r.json is None or r.status:
            tap.ok(False, what, ['status %s' % r.status] + r.err.splitlines()[-5:])
            return
    x, y = bare(a.json), bare(b.json)
    if x['source']['clock'] is None or y['source']['clock'] is None:
        x['source'].pop('clock'), y['source'].pop('clock')      # not every version 6 names its clock
    tap.ok(x == y, what, ['differs' + first_difference(x, y)] if x != y else [])


def main(argv):
    binary = agenttop.find()
    if not binary:
        skip_all('no agenttop to test')
    tap, mode, i = Tap(), '', 0
    with tempfile.TemporaryDirectory(prefix='agenttop-twins.') as tmp:
        while i < len(argv):
            if argv[i].startswith('--'):
                mode, i = argv[i], i + 1
                continue
            path = argv[i]
            name = os.path.basename(path)
            if mode == '--convert':
                a = report(binary, path)
                for version, compression in ((6, 'none'), (7, 'none'), (7, 'zstd')):
                    out = os.path.join(tmp, 'twin.dat')
                    c = subprocess.run(['trace-cmd', 'convert', '-i', path, '-o', out, '--file-version', str(version),
                                        '--compression', compression], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                       check=False)
                    what = '%s as version %d %s' % (name, version, compression)
                    if c.returncode or not os.path.exists(out):
                        tap.skip(what, 'trace-cmd cannot convert it so')
                        continue
                    same(tap, what, a, report(binary, out))
                    os.unlink(out)
                i += 1
            elif mode == '--pipe':
                same(tap, name + ' through a pipe', report(binary, path), through_pipe(binary, path))
                i += 1
            else:
                same(tap, '%s and %s' % (name, os.path.basename(argv[i + 1])), report(binary, path), report(binary, argv[i + 1]))
                i += 2
    return tap.done()


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
