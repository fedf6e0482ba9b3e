#!/usr/bin/env python3
"""Trains on a file that is larger than the memory it may take: speed, resident memory, and the same in memory.

    scripts/streaming.py [--size GB] [--memory 500M] [--parquet GB] [--dir DIR] [--write FILE.md]

Needs Go, Linux, and a Python with numpy (and pyarrow for --parquet). The net is 784-512-256-32, its data are float32. The
speed in memory is that of the first tenth of the file, of 2 GB at most.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
COLUMNS = 784


def blocks(rows):
    """Rows of 16 factors, sigmoids of them, some thousands at a time."""
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(16, COLUMNS)).astype(np.float32)
    for start in range(0, rows, 50_000):
        factors = rng.normal(size=(min(50_000, rows - start), 16)).astype(np.float32)
        yield 1 / (1 + np.exp(-(factors @ weights) / 4))


def write_npy(path, rows):
    header = {"descr": "<f4", "fortran_order": False, "shape": (rows, COLUMNS)}
    with open(path, "wb") as f:
        np.lib.format.write_array_header_2_0(f, header)
        for block in blocks(rows):
            f.write(block.astype("<f4").tobytes())


def write_parquet(path, rows):
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([(f"c{k}", pa.float32()) for k in range(COLUMNS)])
    with pq.ParquetWriter(path, schema, compression="zstd") as w:
        for block in blocks(rows):
            w.write_table(pa.table([np.ascontiguousarray(c) for c in block.T], schema=schema))


def train(binary, data, out, memory):
    """Returns examples a second, the peaks of resident memory and of that which is no file, and seconds in all."""
    args = [binary, "train", data, "--memory", memory, "--out", out, "--hidden", "512,256", "--latent", "32", "--epochs", "1",
            "--batch", "256", "--device", "cpu", "--json", "-q", "--test", "0.01", "--val", "0.01"]
    start = time.time()
    p = subprocess.Popen(args, stdout=subprocess.PIPE, text=True)
    peak = {"VmRSS": 0, "RssAnon": 0}

    def watch():
        while p.poll() is None:
            try:
                text = Path(f"/proc/{p.pid}/status").read_text()
            except OSError:
                return
            for key in peak:
                found = re.search(key + r":\s+(\d+)", text)
                if found:
                    peak[key] = max(peak[key], int(found[1]) / 1024)
            time.sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    text, _ = p.communicate()
    watcher.join()
    if p.returncode != 0:
        sys.exit(f"aegpu: exit {p.returncode}")
    return {"examples_per_second": json.loads(text)["examples_per_second"], "peak_mib": peak["VmRSS"], "peak_own_mib": peak["RssAnon"], "seconds": time.time() - start}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=float, default=20)
    parser.add_argument("--parquet", type=float, default=0, help="GB of float32 in a Parquet file, 0 for none")
    parser.add_argument("--memory", default="500M")
    parser.add_argument("--dir", default="/var/tmp")
    parser.add_argument("--write")
    o = parser.parse_args()
    if o.write:
        o.write = Path(o.write).resolve()
    row = 4 * COLUMNS
    results = {}
    with tempfile.TemporaryDirectory(dir=o.dir) as folder:
        folder = Path(folder)
        binary = str(folder / "aegpu")
        subprocess.run(["go", "build", "-o", binary, "./cmd/aegpu"], cwd=ROOT, check=True)
        os.environ["TMPDIR"] = str(folder)
        small = min(o.size / 10, 2)
        write_npy(folder / "small.npy", int(small * 1e9 / row))
        results[f"NPY of {small:g} GB, in memory"] = train(binary, folder / "small.npy", folder / "a", "1000G")
        os.remove(folder / "small.npy")
        write_npy(folder / "large.npy", int(o.size * 1e9 / row))
        results[f"NPY of {o.size:g} GB, --memory {o.memory}"] = train(binary, folder / "large.npy", folder / "b", o.memory)
        os.remove(folder / "large.npy")
        if o.parquet:
            write_parquet(folder / "large.parquet", int(o.parquet * 1e9 / row))
            size = (folder / "large.parquet").stat().st_size / 1e9
            results[f"Parquet of {o.parquet:g} GB ({size:.1f} GB packed), --memory {o.memory}"] = train(binary, folder / "large.parquet", folder / "c", o.memory)
    first = next(iter(results.values()))["examples_per_second"]
    lines = [f"{os.cpu_count()} cores; net 784-512-256-32, batches of 256, one epoch", "", "| data | examples/s | of that in memory | peak resident, MiB | of it no file's, MiB | seconds in all |", "| --- | --- | --- | --- | --- | --- |"]
    for name, r in results.items():
        lines.append(f"| {name} | {r['examples_per_second']:,.0f} | {r['examples_per_second'] / first:.2f} | {r['peak_mib']:.0f} | {r['peak_own_mib']:.0f} | {r['seconds']:.0f} |")
    text = "\n".join(lines)
    print(text)
    if o.write:
        Path(o.write).write_text(f"# Data larger than memory\n\n`{' '.join(['scripts/streaming.py', *sys.argv[1:]])}`\n\n{text}\n")
        Path(o.write).with_suffix(".json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
