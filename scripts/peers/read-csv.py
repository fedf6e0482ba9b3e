#!/usr/bin/env python3
"""Times reading a CSV file of numbers: aegpu, pandas' C reader and pyarrow's, in turn, in one run.

    scripts/peers/read-csv.py [--size MB] [--rounds 5] [--write FILE.md]

Needs Go, and a Python with numpy, pandas and pyarrow. The table has 20 columns of normal numbers with 6 decimals.
"""
import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

ROOT = Path(__file__).resolve().parents[2]
PEERS = {
    "pandas, C reader": "import pandas as pd; f = lambda: pd.read_csv(p)",
    "pyarrow, one thread": "import pyarrow.csv as c; f = lambda: c.read_csv(p, read_options=c.ReadOptions(use_threads=False))",
    "pyarrow": "import pyarrow.csv as c; f = lambda: c.read_csv(p)",
}


def make(path, megabytes):
    rng = np.random.default_rng(1)
    rows = 100_000
    block = pa.table({f"c{k}": np.round(rng.normal(size=rows), 6) for k in range(20)})
    with open(path, "wb") as f:
        pyarrow.csv.write_csv(block, f)
        while f.tell() < megabytes * 1e6:
            pyarrow.csv.write_csv(block, f, pyarrow.csv.WriteOptions(include_header=False))


def seconds_of_peer(code, path):
    program = f"import time; p = {str(path)!r}\n{code}\nt = time.perf_counter(); f(); print(time.perf_counter() - t)"
    return float(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout)


def seconds_of_ours(test, path):
    run = [str(test), "-test.run", "^$", "-test.bench", "ReadFile", "-test.benchtime", "1x"]
    out = subprocess.run(run, cwd=ROOT / "data", check=True, capture_output=True, text=True, env=os.environ | {"AEGPU_FILE": str(path)}).stdout
    return float(re.search(r"BenchmarkReadFile\S*\s+\d+\s+(\d+) ns/op", out).group(1)) / 1e9


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write")
    o = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path, test = Path(folder) / "table.csv", Path(folder) / "data.test"
        make(path, o.size)
        subprocess.run(["go", "test", "-c", "-o", str(test), "./data"], cwd=ROOT, check=True)
        size = path.stat().st_size / 1e6
        seconds = {"aegpu": [], **{name: [] for name in PEERS}}
        for _ in range(o.rounds):
            seconds["aegpu"].append(seconds_of_ours(test, path))
            for name, code in PEERS.items():
                seconds[name].append(seconds_of_peer(code, path))
    lines = [f"{size:.0f} MB of CSV, 20 columns, {o.rounds} rounds in turn, {os.cpu_count()} cores", "", "| reader | MB/s, median | fastest | aegpu / it, medians |", "| --- | --- | --- | --- |"]
    ours = statistics.median(seconds["aegpu"])
    for name, s in seconds.items():
        lines.append(f"| {name} | {size / statistics.median(s):.0f} | {size / min(s):.0f} | {statistics.median(s) / ours:.2f} |")
    text = "\n".join(lines)
    print(text)
    if o.write:
        Path(o.write).write_text(f"# Reading CSV\n\n`{' '.join(['scripts/peers/read-csv.py', *sys.argv[1:]])}`\n\n{text}\n")
        Path(o.write).with_suffix(".json").write_text(json.dumps({"megabytes": size, "seconds": seconds}, indent=1) + "\n")


if __name__ == "__main__":
    main()
