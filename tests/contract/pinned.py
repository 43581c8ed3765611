"""Tools that tests pin, put into a folder of build/: by pip into a virtual environment, or by npm without scripts of packages.

Each gives why it cannot be, or None when all is there. The copy of the pins beside the tools says which they are, and is written last, so that half an
installation is none. With OFFLINE=1 nothing is fetched.
"""
import os
import shutil
import subprocess
import venv


def is_there(folder, pins):
    have = folder / pins.name
    return have.exists() and have.read_bytes() == pins.read_bytes()


def by_pip(folder, pins):
    if is_there(folder, pins):
        return None
    if os.environ.get("OFFLINE") == "1":
        return f"what {pins} pins is not installed"
    try:
        venv.create(folder, clear=True, with_pip=True)
        done = subprocess.run([folder / "bin/pip", "-q", "--disable-pip-version-check", "install", "-r", pins], capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as e:
        return f"{e} (Debian: python3-venv)"
    if done.returncode != 0:
        return done.stderr.strip()
    shutil.copy(pins, folder)
    return None


def by_npm(folder, lock):
    """lock stands beside its package.json."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "there is no node or no npm (Debian: nodejs npm)"
    if is_there(folder, lock):
        return None
    if os.environ.get("OFFLINE") == "1":
        return f"what {lock} pins is not installed"
    making = folder.with_name(f"{folder.name}.{os.getpid()}")
    making.mkdir(parents=True)
    for pins in (lock.with_name("package.json"), lock):
        shutil.copy(pins, making)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=making, capture_output=True, text=True)
    if done.returncode != 0:
        shutil.rmtree(making)
        return f"npm: {done.stderr.strip()[-500:]}"
    shutil.rmtree(folder, ignore_errors=True)
    making.rename(folder)
    return None
