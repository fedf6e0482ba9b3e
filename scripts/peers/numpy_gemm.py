#!/usr/bin/env python3
"""Times the three products of net a's layers in NumPy (OpenBLAS), a JSON line a batch: GFLOP/s over the whole net.

    OPENBLAS_NUM_THREADS=2 numpy_gemm.py --batches 128,2048

The products are those of a training step: forward x W^T, gradient by the input dy W, gradient by the weight dy^T x.
"""
import argparse
import json
import time

import numpy as np

WIDTHS = [784, 512, 256, 32, 256, 512, 784]


def rate(f, flops, runs, target):
    f()
    best = float("inf")
    for _ in range(runs):
        steps, start = 0, time.perf_counter()
        while time.perf_counter() - start < target:
            f()
            steps += 1
        best = min(best, (time.perf_counter() - start) / steps)
    return flops / best / 1e9


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--batches", default="128,2048")
    p.add_argument("--runs", type=int, default=7)
    p.add_argument("--target", type=float, default=0.1, help="seconds a run")
    a = p.parse_args()
    rng = np.random.default_rng(0)
    for batch in map(int, a.batches.split(",")):
        layers = []
        for n, m in zip(WIDTHS, WIDTHS[1:]):
            layers.append((rng.standard_normal((batch, n), np.float32), rng.standard_normal((m, n), np.float32), rng.standard_normal((batch, m), np.float32)))
        outs = [(np.empty_like(dy), np.empty_like(x), np.empty_like(w)) for x, w, dy in layers]
        flops = sum(2 * batch * w.size for _, w, _ in layers)

        def forward():
            for (x, w, _), (y, _, _) in zip(layers, outs):
                np.matmul(x, w.T, out=y)

        def by_input():
            for (_, w, dy), (_, dx, _) in zip(layers, outs):
                np.matmul(dy, w, out=dx)

        def by_weight():
            for (x, _, dy), (_, _, dw) in zip(layers, outs):
                np.matmul(dy.T, x, out=dw)

        rates = {k: rate(f, flops, a.runs, a.target) for k, f in dict(forward=forward, by_input=by_input, by_weight=by_weight).items()}
        print(json.dumps(dict(peer="numpy " + np.__version__, batch=batch, **rates)), flush=True)


if __name__ == "__main__":
    main()
