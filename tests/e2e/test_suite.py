#!/usr/bin/python3
"""A suite as a folder: taken by a server, written into another folder, and the same there; what is wrong is told; a kill in the middle loses nothing."""
import hashlib
import os
import shutil
import subprocess
import tempfile
import unittest

import sluice_test as s
from sluice_test import Server, eventually

SUITE = """samples:
  - file: samples/a.txt
    tags: [small]
  - file: samples/empty
tests:
  - name: sort-a
    sample: samples/a.txt
    command: "sort {input} -o {output}/out.txt"
    categories: [basic]
    outputs:
      - file: out.txt
        accepted:
          - expected/sort-a/out.txt
  - name: "count lines: all"
    sample: samples/a.txt
    command: "wc -l < {input} > {output}/out.txt"
    shell: true
    outputs:
      - file: out.txt
        accepted: [expected/wc/out.txt, expected/wc/with-blanks.txt]
"""


class Suites(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="sluice-e2e-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.suite = self.fill("suite", SUITE, {"samples/a.txt": "b\na\n", "samples/empty": "", "expected/sort-a/out.txt": "a\nb\n",
                                                "expected/wc/out.txt": "2\n", "expected/wc/with-blanks.txt": "  2\n"})
        self.server = Server()
        self.addCleanup(self.server.close)
        self.server.__enter__()

    def fill(self, name, document, files):
        folder = os.path.join(self.folder, name)
        for path, text in {**files, "suite.yaml": document}.items():
            os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
            with open(os.path.join(folder, path), "w", encoding="utf-8") as f:
                f.write(text)
        return folder

    def digests(self, folder):
        return {hashlib.sha256(open(os.path.join(at, name), "rb").read()).hexdigest()
                for at, _, names in os.walk(folder) for name in names if name != "suite.yaml"}

    def test_what_is_imported_is_exported_and_the_same_again(self):
        said = self.server.must("suite", "import", self.suite)
        self.assertIn("5 of 5 files sent; the suite has 2 samples and 2 tests", said)
        self.assertIn("0 of 5 files sent", self.server.must("suite", "import", self.suite))
        copy = os.path.join(self.folder, "copy")
        self.server.must("suite", "export", copy)
        self.assertEqual(self.digests(copy), self.digests(self.suite))
        self.assertTrue(os.path.exists(os.path.join(copy, "expected", "count_lines__all", "out.txt")))
        self.assertIn("0 of 5 files sent", self.server.must("suite", "import", "--all", copy))
        again = os.path.join(self.folder, "again")
        self.server.must("suite", "export", again)
        self.assertEqual(open(os.path.join(copy, "suite.yaml")).read(), open(os.path.join(again, "suite.yaml")).read())
        refused = self.server.cli("suite", "export", again)
        self.assertNotEqual(refused.returncode, 0)
        self.assertIn("is there already", refused.stderr)

    def test_mistakes_are_told_and_nothing_is_taken(self):
        cases = [("samples:\n  - file: samples/none\n", "samples/none"), ("sample:\n  - file: a\n", "line 2: there is no key"),
                 ("samples:\n  - file: ../../etc/passwd\n", "in the folder of the document"),
                 ("samples: [{file: sub}]\n", "no regular file")]
        for n, (document, why) in enumerate(cases):
            done = self.server.cli("suite", "import", self.fill(f"wrong-{n}", document, {"sub/x": "x"}))
            self.assertNotEqual(done.returncode, 0, document)
            self.assertIn(why, done.stderr)
        done = self.server.cli("suite", "import", os.path.join(self.folder, "nowhere"))
        self.assertIn("suite.yaml", done.stderr)
        self.assertEqual(self.server.count("sample"), 0)

    def test_a_token_without_the_scope_sends_nothing(self):
        token, _ = self.server.new_token("runs:read")
        done = self.server.cli("suite", "import", self.suite, env={"SLUICE_TOKEN": token})
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("baselines:write", done.stderr)
        self.assertEqual(self.server.count("blob"), 0)

    def test_a_large_file_goes_through_without_filling_memory(self):
        folder = self.fill("large", "samples: [{file: big.bin}]\n", {})
        with open(os.path.join(folder, "big.bin"), "wb") as f:
            for i in range(96):
                f.write(bytes([i]) * (1 << 20))
        self.server.must("suite", "import", folder)
        with open(f"/proc/{self.server.process.pid}/status", encoding="ascii") as f:
            rss = next(int(line.split()[1]) for line in f if line.startswith("RssAnon"))
        if not s.SANITIZED:
            self.assertLess(rss, 64 * 1024)
        copy = os.path.join(self.folder, "copy")
        self.server.must("suite", "export", copy)
        self.assertEqual(self.digests(copy), self.digests(folder))

    def test_a_kill_in_the_middle_leaves_nothing_that_the_next_import_does_not_mend(self):
        folder = self.fill("many", "samples:\n" + "".join(f"  - file: s/{i}\n" for i in range(200)),
                           {f"s/{i}": f"sample {i}\n" for i in range(200)})
        for _ in range(4):
            running = subprocess.Popen([s.SLUICE, "suite", "import", folder], env=s.clean_environment(self.server.folder, {"SLUICE_URL": self.server.url, "SLUICE_TOKEN": self.server.admin}), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.DEVNULL)
            before = self.server.count("blob")
            eventually("some files are there", lambda: self.server.count("blob") > before or running.poll() is not None)
            self.server.kill()
            running.wait()
            self.server.start()
        self.server.must("suite", "import", folder)
        self.assertEqual(self.server.count("sample"), 200)
        copy = os.path.join(self.folder, "copy")
        self.server.must("suite", "export", copy)
        self.assertEqual(self.digests(copy), self.digests(folder))


if __name__ == "__main__":
    s.main()
