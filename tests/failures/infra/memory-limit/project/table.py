import os

size = int(os.environ.get("ROWS", "400"))
rows = []
for i in range(size):
    rows.append(bytearray(1 << 20))
    if i % 40 == 39:
        print(f"{i + 1} rows", flush=True)
print("done")
