#!/usr/bin/env python3
"""Ranks anomalies next to PyOD's autoencoders, PCA and an isolation forest: AUROC and seconds, and a table of them.

    scripts/anomalies.py --adbench DIR [--aegpu PATH] [--out PREFIX] [--methods NAME ...] [--keep]

DIR holds .npz files of rows X and labels y (1 is an anomaly), such as ADBench's. The protocol is PyOD's: a random 60 % of the rows are
for training, whatever they are, and the scores of the other 40 % are held against their labels; columns are z-scored on the training part.
Labels go nowhere else: every method, aegpu too, gets the same z-scored training part without them, and then the other rows.
PyOD's detectors have their own defaults, and the seed; its PCA is told the rank of the training part, since it divides by the variance of
components that have none. PCA (numpy) is what the principal components of the training part leave of a row,
as many as the code of aegpu's default has. Seconds are for fitting and scoring; aegpu's are those of its commands from start to end, files
included, and the others' are without their imports. PyTorch, BLAS and scikit-learn have one thread, aegpu what the machine has.

A method that begins with aegpu is flags of `aegpu train`, and "aegpu x5" is the mean rank of five runs that differ in their seed (`aegpu
score --ensemble`). "aegpu by=NAME ..." ranks by another score than the default. Rows of the .json that belong to other methods than --methods
stay as they are; --keep measures what is not there yet and no more. Needs Go (without --aegpu), and a Python with numpy, scikit-learn and PyOD with torch.
"""
import argparse
import json
import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

import numpy as np
from sklearn.ensemble import IsolationForest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import train_test_split

import measured

ROOT = Path(__file__).resolve().parents[1]
METHODS = ["aegpu", "aegpu --model vae", "aegpu x5", "PCA", "pyod AutoEncoder", "pyod VAE", "pyod PCA", "isolation forest"]
ENSEMBLE = 5
PLACE = ROOT / "docs/benchmarks/anomalies"  # written there, docs/results.md gets the averages


def split(file, seed):
    """Both parts of a table, z-scored on the first, and the labels of the second."""
    with np.load(file, allow_pickle=True) as f:
        x, y = f["X"].astype(float), f["y"].astype(int).ravel()
    train, test, _, labels = train_test_split(x, y, test_size=0.4, random_state=seed)
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation[deviation == 0] = 1
    return (train - mean) / deviation, (test - mean) / deviation, labels


def pyod(method, train, test, seed):
    import torch
    from pyod.models.auto_encoder import AutoEncoder
    from pyod.models.pca import PCA
    from pyod.models.vae import VAE

    torch.set_num_threads(1)
    torch.manual_seed(seed)
    start = time.perf_counter()
    if method == "pyod PCA":
        detector = PCA(n_components=int(np.linalg.matrix_rank(train)), random_state=seed)
    else:
        detector = (AutoEncoder if method == "pyod AutoEncoder" else VAE)(random_state=seed, verbose=0, device="cpu")
    detector.fit(train)
    return detector.decision_function(test), time.perf_counter() - start


def forest(train, test, seed):
    start = time.perf_counter()
    detector = IsolationForest(random_state=seed).fit(train)
    return -detector.score_samples(test), time.perf_counter() - start


def pca(train, test, size):
    start = time.perf_counter()
    mean = train.mean(axis=0)
    basis = np.linalg.svd(train - mean, full_matrices=False)[2][:size]
    left = (test - mean) - (test - mean) @ basis.T @ basis
    return (left**2).sum(axis=1), time.perf_counter() - start


def call(binary, *args):
    p = subprocess.run([binary, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if p.returncode != 0:
        sys.exit(f"aegpu {shlex.join(map(str, args))}: exit {p.returncode}: {p.stderr.strip()}")
    return p.stdout


def code_size(run):
    """The size of the code, as the run's settings say it."""
    lines = (run / "config.yaml").read_text().splitlines()
    return int(next(line.split(":")[1] for line in lines if line.startswith("latent:")))


def aegpu(binary, method, train, test, seed):
    """The scores and seconds of aegpu, and the size of its code."""
    words = shlex.split(method)[1:]
    by = [w.removeprefix("by=") for w in words if w.startswith("by=")]
    several = "x5" in words
    flags = [w for w in words if w != "x5" and not w.startswith("by=")]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        np.save(folder / "train.npy", train)
        np.save(folder / "test.npy", test)
        runs = [folder / f"run{k}" for k in range(ENSEMBLE if several else 1)]
        start = time.perf_counter()
        for k, run in enumerate(runs):
            call(binary, "train", folder / "train.npy", "--out", run, "--test", 0, "--seed", seed + 1000 * k, "-q", *flags)
        more = [word for run in runs[1:] for word in ("--ensemble", run)]
        said = json.loads(call(binary, "score", runs[0], folder / "test.npy", "-o", folder / "scores.npz", "--json", *more, *(["--by", by[0]] if by else [])))
        seconds = time.perf_counter() - start
        with np.load(folder / "scores.npz") as f:
            x = next(f[k] for k in f.files if f[k].ndim == 2)
        return x[:, said["names"].index(said["by"])], seconds, code_size(runs[0])


def measure(o, method, file, seed, codes):
    """One row: a method on a table of one seed. codes are those of aegpu's default by table and seed."""
    train, test, labels = split(file, seed)
    row = dict(method=method, table=file.stem, rows=len(train) + len(test), columns=train.shape[1], seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if method == "PCA":
            row["code"] = codes.get((file.stem, seed))
            if not row["code"]:
                sys.exit("PCA has the code's size of aegpu's default: measure the method aegpu too")
            scores, seconds = pca(train, test, row["code"])
        elif method.startswith("pyod "):
            scores, seconds = pyod(method, train, test, seed)
        elif method == "isolation forest":
            scores, seconds = forest(train, test, seed)
        else:
            scores, seconds, row["code"] = aegpu(o.aegpu, method, train, test, seed)
    return dict(row, auroc=float(roc_auc_score(labels, scores)), seconds=seconds)


def overall(found):
    """The average of AUROC and the sum of seconds over all tables, of the methods that have all."""
    most = max(map(len, found.values()))
    whole = [m for m in found if len(found[m]) == most]
    average = {m: statistics.mean(statistics.mean(r["auroc"] for r in of) for of in found[m].values()) for m in whole}
    return average, {m: sum(statistics.median(r["seconds"] for r in of) for of in found[m].values()) for m in whole}


def by_method(rows):
    """Rows by method and table, the methods as METHODS has them."""
    found = {m: {} for m in METHODS}
    for r in rows:
        found.setdefault(r["method"], {}).setdefault(r["table"], []).append(r)
    return {m: of for m, of in found.items() if of}


def summarise(result, place):
    """Puts the averages between the marks of a page."""
    average, spent = overall(by_method(result["rows"]))
    text = place.read_text()
    head, rest = text.split("<!-- anomalies -->", 1)
    lines = ["| | AUROC | seconds |", "| --- | --- | --- |", *(f"| {m} | {average[m]:.3f} | {spent[m]:.0f} |" for m in average)]
    place.write_text("\n".join([head + "<!-- anomalies -->", *lines, "<!-- /anomalies -->" + rest.split("<!-- /anomalies -->", 1)[1]]))


def markdown(result):
    """The tables of AUROC and of seconds, and the averages over all tables."""
    rows = result["rows"]
    found = by_method(rows)
    methods = list(found)
    tables = sorted({r["table"] for r in rows}, key=lambda t: (len(t.split("_")[0]), t))
    head = ["| table | rows x columns | " + " | ".join(methods) + " |", "| --- " * (len(methods) + 2) + "|"]
    ranks, seconds = [*head], [*head]
    for t in tables:
        size = next(r for r in rows if r["table"] == t)
        means = {m: statistics.mean(r["auroc"] for r in found[m][t]) for m in methods if t in found[m]}
        text = {m: measured.spread([r["auroc"] for r in found[m][t]], 3) for m in means}
        text = {m: f"**{s}**" if means[m] == max(means.values()) else s for m, s in text.items()}
        start = f"| {t} | {size['rows']} x {size['columns']} | "
        ranks.append(start + " | ".join(text.get(m, "") for m in methods) + " |")
        seconds.append(start + " | ".join(f"{statistics.median(r['seconds'] for r in found[m][t]):.2f}" if t in found[m] else "" for m in methods) + " |")
    average, spent = overall(found)
    ranks.append("| average | | " + " | ".join(f"{average[m]:.3f}" if m in average else "" for m in methods) + " |")
    seconds.append("| sum | | " + " | ".join(f"{spent[m]:.1f}" if m in spent else "" for m in methods) + " |")
    seeds = len({r["seed"] for r in rows})
    said = f"{result['machine']}. Mean ± standard deviation over {seeds} seeds; in bold what is highest. What is compared, and how, stands in the script."
    return "\n".join(["# Ranking anomalies", "", *(f"`{c}`\n" for c in result["commands"]), said, "",
                      "AUROC on the 40 % of rows held out:", "", *ranks, "", "Seconds to fit and score, medians:", "", *seconds, ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--adbench", type=Path, required=True, metavar="DIR")
    measured.arguments(parser, PLACE)
    parser.set_defaults(seeds=5)
    parser.add_argument("--keep", action="store_true", help="rows that are there already are not measured again")
    o = parser.parse_args()
    methods = o.methods or METHODS
    if o.keep:
        o.methods = methods
    result = measured.begin(o, [] if o.keep else methods)
    done = {(r["method"], r["table"], r["seed"]) for r in result["rows"]}
    files = sorted(o.adbench.glob("*.npz"), key=lambda f: f.stat().st_size)
    with tempfile.TemporaryDirectory() as folder:
        if not o.aegpu and any(m.startswith("aegpu") for m in methods):
            o.aegpu = str(Path(folder) / "aegpu")
            subprocess.run(["go", "build", "-o", o.aegpu, "./cmd/aegpu"], cwd=ROOT, check=True)
        for file in files:
            for seed in range(1, o.seeds + 1):
                codes = {(r["table"], r["seed"]): r["code"] for r in result["rows"] if r["method"] == "aegpu"}
                for method in methods:
                    if (method, file.stem, seed) in done:
                        continue
                    row = measure(o, method, file, seed, codes)
                    codes |= {(file.stem, seed): row["code"]} if method == "aegpu" else {}
                    measured.add(o, result, row)
    measured.end(o, markdown(result))
    if o.out == PLACE:
        summarise(result, ROOT / "docs/results.md")


if __name__ == "__main__":
    main()
