#!/usr/bin/env python3
"""Times a training step of net a in scikit-learn's MLPRegressor (squared error, Adam), a JSON line a batch size.

    sklearn_step.py MNIST_DIR --batches 128,2048 --runs 5
"""
import argparse
import gzip
import json
import os
import statistics
import time

import numpy as np
import sklearn
from sklearn.neural_network import MLPRegressor


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("mnist")
    p.add_argument("--batches", default="128,2048")
    p.add_argument("--runs", type=int, default=5)
    a = p.parse_args()
    with gzip.open(os.path.join(a.mnist, "train-images-idx3-ubyte.gz")) as f:
        x = (np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784) / np.float32(255)).astype(np.float32)
    for batch in map(int, a.batches.split(",")):
        rows = x[: max(4096, 2 * batch) // batch * batch]
        net = MLPRegressor(hidden_layer_sizes=(512, 256, 32, 256, 512), batch_size=batch, random_state=0)
        net.partial_fit(rows, rows)
        ms = []
        for _ in range(a.runs):
            start = time.perf_counter()
            net.partial_fit(rows, rows)
            ms.append(1e3 * (time.perf_counter() - start) * batch / len(rows))
        print(json.dumps(dict(peer="scikit-learn " + sklearn.__version__, batch=batch, step_ms=statistics.median(ms), min_ms=min(ms),
                              max_ms=max(ms), runs=a.runs, examples_per_second=1e3 * batch / statistics.median(ms))), flush=True)


if __name__ == "__main__":
    main()
