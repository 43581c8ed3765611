#!/usr/bin/python3
"""bench/make_log.py CORPUS BYTES SEED OUT: a long log for the benchmarks B3 to B7, made of real ones.

The logs of CORPUS (pairs/*/{fail,pass}.log, treeherder/*/*.gz) one after the other, again and again, each time in another order and as on another
day: time stamps are moved, and ids (hashes, long numbers) become others, the same id within a pass becoming the same. So no pass repeats another,
and one pass is as hard to compress as the logs it is made of. Same arguments, same bytes. OUT ends at a line end, at most BYTES long.
"""
import datetime
import glob
import gzip
import random
import re
import sys

VARIED = re.compile(rb"(?P<date>\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d:\d\d)|(?P<clock>\b\d\d:\d\d:\d\d\b)"
                    rb"|(?P<hash>\b(?=[0-9a-f]*[0-9])(?=[0-9a-f]*[a-f])[0-9a-f]{7,64}\b)|(?P<number>\b[1-9]\d{5,18}\b)")
DAY = 24 * 60 * 60


def corpus(folder):
    logs = []
    for name in sorted(glob.glob(f"{folder}/pairs/*/*.log")):
        with open(name, "rb") as f:
            logs.append(f.read())
    for name in sorted(glob.glob(f"{folder}/treeherder/*/*.gz")):
        with gzip.open(name) as f:
            logs.append(f.read())
    if not logs:
        sys.exit(f"make_log: there are no logs in {folder}/pairs and {folder}/treeherder")
    return [log if log.endswith(b"\n") else log + b"\n" for log in logs]


class Pass:
    """One pass through the logs: what its times and ids become."""

    def __init__(self, rng):
        self.seconds = rng.randrange(1000 * DAY)
        digits = list(b"0123456789abcdef")
        rng.shuffle(digits)
        self.hash = bytes.maketrans(b"0123456789abcdef", bytes(digits))
        digits = list(b"123456789")
        rng.shuffle(digits)
        self.number = bytes.maketrans(b"123456789", bytes(digits))
        self.known = {}

    def date(self, old):
        try:
            then = datetime.datetime.fromisoformat(old.decode()) + datetime.timedelta(seconds=self.seconds)
        except ValueError:
            return old
        return then.isoformat(chr(old[10])).encode()

    def clock(self, old):
        h, m, s = (int(part) for part in old.split(b":"))
        at = (h * 3600 + m * 60 + s + self.seconds) % DAY
        return b"%02d:%02d:%02d" % (at // 3600, at // 60 % 60, at % 60)

    def other(self, found):
        old, kind = found.group(), found.lastgroup
        new = self.known.get(old)
        if new is None:
            if kind == "date":
                new = self.date(old)
            elif kind == "clock":
                new = self.clock(old)
            else:
                new = old.translate(self.hash if kind == "hash" else self.number)
            self.known[old] = new
        return new

    def vary(self, log):
        return VARIED.sub(self.other, log)


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__.splitlines()[0])
    logs, left, rng = corpus(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
    with open(sys.argv[4], "wb") as out:
        while left > 0:
            this = Pass(rng)
            rng.shuffle(logs)
            for log in logs:
                new = this.vary(log)
                if len(new) > left:
                    new = new[:new.rfind(b"\n", 0, left) + 1]
                    left = len(new)
                out.write(new)
                left -= len(new)
                if left <= 0:
                    return


if __name__ == "__main__":
    main()
