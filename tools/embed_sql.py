#!/usr/bin/env python3
"""Put the migrations into the program: embed_sql.py OUT.c SCHEMA/0001-start.sql ...

Writes a C file that defines schema_migrations (see src/store/schema.h). Refuses numbers that are missing or double,
because a database that skipped a migration could never be told from one that has it.
"""
import os
import re
import sys


def version_of(path):
    m = re.fullmatch(r"(\d{4})-[a-z0-9-]+\.sql", os.path.basename(path))
    if not m:
        sys.exit(f"{path}: a migration is named NNNN-words-like-this.sql")
    return int(m.group(1))


def c_bytes(text):
    # Numbers, not a string literal: C promises only 4095 characters of one.
    data = text.encode() + b"\0"
    rows = (data[i:i + 32] for i in range(0, len(data), 32))
    return "\n".join("\t" + ", ".join(str(b) for b in row) + "," for row in rows)


def main(out, paths):
    paths = sorted(paths, key=version_of)
    versions = [version_of(p) for p in paths]
    if versions != list(range(1, len(paths) + 1)):
        sys.exit(f"migrations must be numbered from 1 without a gap, these are {versions}")
    with open(out, "w", encoding="utf-8") as f:
        f.write("/* Made by tools/embed_sql.py from src/store/schema. */\n#include \"store/schema.h\"\n\n")
        for version, path in zip(versions, paths):
            with open(path, encoding="ascii") as sql:
                f.write(f"static const char sql_{version}[] = {{\n{c_bytes(sql.read())}\n}};\n\n")
        f.write("const struct migration schema_migrations[] = {\n")
        for version, path in zip(versions, paths):
            f.write(f"\t{{ {version}, \"{os.path.basename(path)}\", sql_{version} }},\n")
        f.write(f"}};\n\nconst int schema_n_migrations = {len(paths)};\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
