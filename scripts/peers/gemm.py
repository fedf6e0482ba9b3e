#!/usr/bin/env python3
"""Times the products of net a's step in aegpu and in NumPy's OpenBLAS in turns and writes a table and its JSON.

    scripts/peers/gemm.py --numpy VENV/bin/python --out docs/benchmarks/gemm

Needs Go: aegpu's products are timed by the benchmarks of cpu/simd. A figure is the median over the rounds of each round's best.
"""
import argparse
import json
import os
import re
import statistics
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
NAMES = {"fwd": "forward", "dx": "by_input", "dw": "by_weight"}


def ours(a, binary):
    batches = a.batches.replace(",", "|")
    out = subprocess.run([binary, "-test.run", "xxx", "-test.bench", "Net/%s/%d/batch(%s)/" % (a.path, a.threads, batches),
                          "-test.benchtime", "0.1s", "-test.count", "3"], check=True, capture_output=True, text=True).stdout
    best = {}
    for batch, name, rate in re.findall(r"batch(\d+)/(\w+)\S*\s.*?([\d.]+) GFLOP/s", out):
        key = (int(batch), NAMES[name])
        best[key] = max(best.get(key, 0), float(rate))
    return best


def theirs(a):
    out = subprocess.run([a.numpy, os.path.join(HERE, "numpy_gemm.py"), "--batches", a.batches, "--runs", "3"],
                         env={**os.environ, "OPENBLAS_NUM_THREADS": str(a.threads)}, check=True, capture_output=True, text=True).stdout
    rows = [json.loads(l) for l in out.splitlines()]
    return {(r["batch"], n): r[n] for r in rows for n in NAMES.values()}, rows[0]["peer"]


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--numpy", required=True, help="a Python that has NumPy with OpenBLAS")
    p.add_argument("--path", default="avx512", help="instruction set of ours: avx512 or avx2")
    p.add_argument("--batches", default="128,2048")
    p.add_argument("--threads", type=int, default=2)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--out", default="docs/benchmarks/gemm")
    a = p.parse_args()
    binary = os.path.join(ROOT, "build", "simd.test")
    subprocess.run(["go", "test", "-c", "-o", binary, "./cpu/simd"], cwd=ROOT, check=True)
    rounds = []
    for _ in range(a.rounds):
        us = ours(a, binary)
        them, peer = theirs(a)
        rounds.append({"%d %s" % k: [us[k], them[k]] for k in them})
    lines = ["# Matrix products on the CPU, aegpu against OpenBLAS", "",
             "Made by `scripts/peers/gemm.py` with %d threads, float32: all layers of net a together, GFLOP/s, median over %d rounds in turns of each" % (a.threads, a.rounds),
             "round's best of 3; ours on %s, theirs %s (OpenBLAS). Raw numbers: `%s.json`." % (a.path, peer, os.path.basename(a.out)), "",
             "| batch, product | aegpu | OpenBLAS | ratio |", "| --- | --- | --- | --- |"]
    for key in rounds[0]:
        us, them = (statistics.median(r[key][i] for r in rounds) for i in (0, 1))
        lines.append("| %s | %.0f | %.0f | **%.2f** |" % (key.replace("_", " ").replace(" ", ", ", 1), us, them, us / them))
    os.makedirs(os.path.dirname(a.out) or ".", exist_ok=True)
    with open(a.out + ".json", "w") as f:
        json.dump(dict(path=a.path, threads=a.threads, peer=peer, rounds=rounds), f, indent=1)
    with open(a.out + ".md", "w") as f:
        f.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
