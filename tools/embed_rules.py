#!/usr/bin/env python3
"""Put the rules into the program: embed_rules.py OUT.c rules/common.yaml ...

Writes a C file that defines rule_defaults (see src/explain/rule_default.h), in the order of the names.
"""
import os
import sys


def c_bytes(data):
    # Numbers, not a string literal: C promises only 4095 characters of one.
    rows = (data[i:i + 32] for i in range(0, len(data), 32))
    return "\n".join("\t" + ", ".join(str(b if b < 128 else b - 256) for b in row) + "," for row in rows)


def main(out, paths):
    paths = sorted(paths, key=os.path.basename)
    with open(out, "w", encoding="utf-8") as f:
        f.write("/* Made by tools/embed_rules.py from rules/. */\n#include \"explain/rule_default.h\"\n\n")
        for i, path in enumerate(paths):
            with open(path, "rb") as rules:
                f.write(f"static const char text_{i}[] = {{\n{c_bytes(rules.read() + bytes(1))}\n}};\n\n")
        f.write("const struct rule_default rule_defaults[] = {\n")
        for i, path in enumerate(paths):
            f.write(f"\t{{ \"rules/{os.path.basename(path)}\", text_{i} }},\n")
        f.write(f"}};\n\nconst size_t rule_n_defaults = {len(paths)};\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
