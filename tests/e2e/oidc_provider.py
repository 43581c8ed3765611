"""An OpenID provider for the tests, a process of its own: oidc/provider.mjs, with what oidc/package-lock.json pins.

It is installed into build/oidc by npm, without scripts of packages; where npm cannot be had, or not what it asks for, why_not() says so.
"""
import os
import shutil
import subprocess

from sluice_test import DEADLINE, ROOT

HERE = os.path.join(ROOT, "tests", "e2e", "oidc")
FOLDER = os.path.join(ROOT, "build", "oidc")


def same(name):
    try:
        with open(os.path.join(HERE, name), "rb") as a, open(os.path.join(FOLDER, name), "rb") as b:
            return a.read() == b.read()
    except OSError:
        return False


def why_not():
    """None: it is here, or was installed now. The lock file is written last, so that half an installation is none."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "there is no node or no npm (Debian: nodejs npm)"
    if same("package-lock.json"):
        return None
    if os.environ.get("OFFLINE") == "1":
        return "oidc-provider is not installed, and OFFLINE=1"
    making = f"{FOLDER}.{os.getpid()}"
    shutil.rmtree(making, ignore_errors=True)
    os.makedirs(making)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(os.path.join(HERE, name), making)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--omit=dev"], cwd=making, capture_output=True, text=True)
    if done.returncode != 0:
        shutil.rmtree(making, ignore_errors=True)
        return f"npm: {done.stderr.strip()[-500:]}"
    shutil.rmtree(FOLDER, ignore_errors=True)
    os.rename(making, FOLDER)
    return None


class Provider:
    def __init__(self, redirect_uri):
        self.process = subprocess.Popen(["node", os.path.join(HERE, "provider.mjs"), redirect_uri], env={**os.environ, "OIDC_MODULES": FOLDER},
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1)
        self.issuer = self.hear("listening ")

    def hear(self, begin):
        for line in self.process.stdout:
            if line.startswith(begin):
                return line[len(begin):].strip()
        raise AssertionError("the provider ended")

    def tell(self, word):
        """slow or fast; when this returns it is so."""
        self.process.stdin.write(word + "\n")
        self.hear("is " + word)

    def kill(self):
        self.process.kill()
        self.process.wait(DEADLINE)
        self.process.stdin.close()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.process.poll() is None:
            self.kill()
