# SPDX-License-Identifier: GPL-2.0-only
"""Runs agenttop and returns its report."""
import json
import os
import subprocess


def find():
    """The program under test: $AGENTTOP, or $O/agenttop, or build/agenttop, seen from the repository's root."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    for p in (os.environ.get('AGENTTOP'), os.path.join(os.environ['O'], 'agenttop') if os.environ.get('O') else None,
              os.path.join(root, 'build', 'agenttop')):
        if p:
            for q in (p, os.path.join(root, p)):
                if os.path.isfile(q) and os.access(q, os.X_OK):
                    return os.path.abspath(q)
    return None


class Run:
    def __init__(self, args, timeout=300, env=None, stdin=None):
        e = dict(os.environ, LC_ALL='C', TZ='UTC', **(env or {}))
        try:
            p = subprocess.run(args, stdin=stdin if stdin is not None else subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, timeout=timeout, env=e, check=False)
            self.status, self.out = p.returncode, p.stdout.decode('utf-8', 'replace')
            self.err = p.stderr.decode('utf-8', 'replace')
        except subprocess.TimeoutExpired:
            self.status, self.out, self.err = 'timeout', '', 'no end after %d s' % timeout
        self.json = None
        if self.out.startswith('{'):
            try:
                self.json = json.loads(self.out)
            except ValueError as x:
                self.err += 'JSON: %s' % x


def report(path, *options, binary=None, timeout=300):
    return Run([binary or find(), '--report=json', *options, path], timeout=timeout)
