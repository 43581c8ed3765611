import pathlib

PARTS = 100
folder = pathlib.Path("parts")
folder.mkdir(exist_ok=True)
for i in range(PARTS):
    (folder / f"{i:03}.txt").write_text(f"{i}\n")
print("merging", PARTS, "parts", flush=True)
files = [open(path) for path in sorted(folder.iterdir())]
print(sum(int(f.read()) for f in files))
