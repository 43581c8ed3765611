#!/usr/bin/python3
"""bench/make_episode.py LOG BYTES SEED FOLDER: a large episode for the benchmark B11.

Three quarters of BYTES are the beginning of LOG (bench/make_log.py's, made of real logs), cut into files of 64 KiB to 16 MiB; a quarter, as pictures and recordings would be, cannot be
compressed: pseudo-random bytes in files of the same sizes. Beside them meta.json and done.marker. Of a LOG that is too short all is taken, and as much less of the rest. Same arguments,
same bytes.
"""
import json
import os
import random
import sys

KIB = 1024


def files(rng, folder, ending, left, read):
    """Writes what read(n) gives until left bytes are written, or nothing comes any more. Returns how much it was."""
    os.makedirs(folder)
    written = 0
    while written < left:
        data = read(min(left - written, 64 * KIB << rng.randrange(9)))
        if not data:
            break
        with open(f"{folder}/{written >> 10:08}.{ending}", "wb") as f:
            f.write(data)
        written += len(data)
    return written


def main():
    if len(sys.argv) != 5:
        sys.exit(__doc__.splitlines()[0])
    n_bytes, rng, folder = int(sys.argv[2]), random.Random(int(sys.argv[3])), sys.argv[4]
    with open(sys.argv[1], "rb") as log:
        n_text = files(rng, f"{folder}/logs", "log", n_bytes - n_bytes // 4, log.read)
    files(rng, f"{folder}/camera", "bin", n_text // 3, rng.randbytes)
    with open(f"{folder}/meta.json", "w", encoding="utf-8") as f:
        json.dump({"robot": "arm-3", "code_version": {"branch": "main", "commit": "a" * 40}}, f)
    with open(f"{folder}/done.marker", "w", encoding="utf-8"):
        pass


if __name__ == "__main__":
    main()
