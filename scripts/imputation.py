#!/usr/bin/env python3
"""Fills the gaps of tables next to column means and scikit-learn's imputers: error and seconds, and a table of them.

    scripts/imputation.py --adbench DIR [--aegpu PATH] [--out PREFIX] [--methods NAME ...] [--mask-columns]

DIR holds ADBench's .npz files. A share of a table's cells, drawn afresh for every seed and whatever stands in them, is deleted. Every
method sees the same gaps, is fitted to all rows and fills all rows; none sees a deleted value. The error is the root mean square
over the deleted cells, in standard deviations of their columns. scikit-learn gets standardised columns and is timed without its
import; aegpu reads and writes CSV, and its seconds are those of both commands, from start to end.

A method that begins with aegpu is flags of `aegpu train`: --methods mean "aegpu --model vae --epochs 50". Rows of the .json that
belong to other methods stay as they are, so that one may be added; without --methods all are measured in one run. --mask-columns
gives aegpu a yes/no column beside each column with gaps, which says where they are; its rows are kept under a name of their own.
Needs Go (without --aegpu), and a Python with numpy, pandas and scikit-learn.
"""
import argparse
import itertools
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.experimental import enable_iterative_imputer  # noqa: F401
from sklearn.impute import IterativeImputer, KNNImputer, SimpleImputer

import measured

ROOT = Path(__file__).resolve().parents[1]
TABLES = ["18_Ionosphere", "29_Pima", "40_vowels", "6_cardio", "28_pendigits"]
PEERS = {"mean": SimpleImputer, "knn": lambda: KNNImputer(n_neighbors=5), "iterative": lambda: IterativeImputer(max_iter=10, random_state=0)}
METHODS = [*PEERS, "aegpu", "aegpu --model vae", "aegpu --model denoising"]


def table(folder, name, most):
    """The rows of a table, of more than `most` a random choice, without constant columns."""
    x = np.load(folder / f"{name}.npz", allow_pickle=True)["X"].astype(float)
    x = x[np.sort(np.random.default_rng(0).permutation(len(x))[:most])]
    return pd.DataFrame(x[:, x.std(axis=0) > 0]).rename(columns=lambda k: f"c{k}")


def peer(method, gaps):
    """The filled table and seconds of column means or of scikit-learn."""
    mean, deviation = gaps.mean(), gaps.std().replace(0, 1)
    start = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ten rounds are what was asked for, converged or not
        filled = PEERS[method]().fit_transform((gaps - mean) / deviation)
    seconds = time.perf_counter() - start
    return filled * deviation.to_numpy() + mean.to_numpy(), seconds


def aegpu(binary, flags, gaps, seed, mask):
    """The same of aegpu, which must leave every cell alone that was there."""
    with tempfile.TemporaryDirectory() as folder:
        data, run, out = (str(Path(folder) / name) for name in ("gaps.csv", "run", "filled.csv"))
        columns = gaps
        if mask:
            gone = gaps.isna().loc[:, gaps.isna().any()]
            columns = gaps.join(pd.DataFrame(np.where(gone, "yes", "no"), columns="missing_" + gone.columns))
        columns.to_csv(data, index=False)
        start = time.perf_counter()
        for command in (["train", data, "--out", run, "--test", "0", "--seed", str(seed), "-q", *flags], ["reconstruct", run, data, "--fill", "-o", out, "-q"]):
            p = subprocess.run([binary, *command], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            if p.returncode != 0:
                sys.exit(f"aegpu {shlex.join(command)}: exit {p.returncode}: {p.stderr.strip()}")
        seconds = time.perf_counter() - start
        filled = pd.read_csv(out)[list(gaps.columns)].to_numpy(dtype=float)
    there = gaps.notna().to_numpy()
    if not np.allclose(filled[there], gaps.to_numpy()[there], rtol=1e-6, atol=0):
        sys.exit(f"aegpu {shlex.join(flags)}: cells that were there have changed")
    return filled, seconds


def measure(o, method, name, share, seed):
    """One row: a method on a table with one share of gaps of one seed."""
    whole = table(o.adbench, name, o.rows)
    gone = np.random.default_rng([seed, round(100 * share)]).random(whole.shape) < share
    gaps = whole.mask(gone)
    if method in PEERS:
        filled, seconds = peer(method, gaps)
    else:
        filled, seconds = aegpu(o.aegpu, shlex.split(method)[1:], gaps, seed, o.mask_columns)
    error = ((filled - whole) / whole.std(ddof=0)).to_numpy()[gone]
    return dict(method=label(o, method), table=name, rows=len(whole), columns=whole.shape[1], missing=share, seed=seed, rmse=float(np.sqrt(np.mean(error**2))), seconds=seconds)


def label(o, method):
    return method + " (mask columns)" if o.mask_columns and method not in PEERS else method


def markdown(result):
    """The tables of error and of seconds, one row for a table and a share, and what the errors come to over all tables."""
    rows, methods = result["rows"], list(dict.fromkeys(r["method"] for r in result["rows"]))
    cells = {}
    for r in rows:
        cells.setdefault((r["table"], r["missing"]), {}).setdefault(r["method"], []).append(r)
    head = ["| table | missing | " + " | ".join(methods) + " |", "| --- " * (len(methods) + 2) + "|"]
    errors, seconds = [*head], [*head]
    for (name, share), by in cells.items():
        size = next(iter(by.values()))[0]
        start = f"| {name}, {size['rows']} x {size['columns']} | {share:.0%} | "
        means = {m: statistics.mean(r["rmse"] for r in found) for m, found in by.items()}
        text = {m: measured.spread([r["rmse"] for r in found], 3) for m, found in by.items()}
        text = {m: f"**{t}**" if means[m] == min(means.values()) else t for m, t in text.items()}
        errors.append(start + " | ".join(text.get(m, "") for m in methods) + " |")
        seconds.append(start + " | ".join(measured.spread([r["seconds"] for r in by[m]], 2) if m in by else "" for m in methods) + " |")
    for share in dict.fromkeys(r["missing"] for r in rows):
        of = [[r["rmse"] for r in rows if r["method"] == m and r["missing"] == share] for m in methods]
        errors.append(f"| all | {share:.0%} | " + " | ".join(f"{statistics.mean(v):.3f}" if len(v) == max(map(len, of)) else "" for v in of) + " |")
    seeds = len({r["seed"] for r in rows})
    said = f"{result['machine']}. Mean ± standard deviation over {seeds} seeds; in bold what is lowest. What is compared, and how, stands in the script."
    return "\n".join(["# Filling gaps", "", *(f"`{c}`\n" for c in result["commands"]), said, "",
                      "Root mean square error of the deleted cells, in standard deviations of their columns:", "", *errors, "", "Seconds:", "", *seconds, ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adbench", type=Path, required=True, metavar="DIR")
    measured.arguments(parser, ROOT / "docs/benchmarks/imputation")
    parser.add_argument("--tables", nargs="+", default=TABLES, metavar="NAME")
    parser.add_argument("--missing", nargs="+", type=float, default=[0.1, 0.3, 0.5], metavar="SHARE")
    parser.add_argument("--rows", type=int, default=3000, help="most rows of a table")
    parser.add_argument("--mask-columns", action="store_true")
    o = parser.parse_args()
    methods = o.methods or METHODS
    result = measured.begin(o, [label(o, m) for m in methods])
    with tempfile.TemporaryDirectory() as folder:
        if not o.aegpu and any(m not in PEERS for m in methods):
            o.aegpu = str(Path(folder) / "aegpu")
            subprocess.run(["go", "build", "-o", o.aegpu, "./cmd/aegpu"], cwd=ROOT, check=True)
        for name, share, seed, method in itertools.product(o.tables, o.missing, range(1, o.seeds + 1), methods):
            measured.add(o, result, measure(o, method, name, share, seed))
    measured.end(o, markdown(result))


if __name__ == "__main__":
    main()
