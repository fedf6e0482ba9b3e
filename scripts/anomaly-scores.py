#!/usr/bin/env python3
"""How well scores of a run rank anomalies, over tables that no result is reported on: what `aegpu score`'s default was chosen by.

    scripts/anomaly-scores.py --tables DIR [--aegpu PATH] [--out PREFIX] [--methods "aegpu --model vae" ...]

DIR holds .npz files of rows X and labels y (1 is an anomaly), prepared and split as in scripts/anomalies.py; labels are seen by the last line
of `candidates`' caller alone. A method is flags of `aegpu train`; the word K in them is the fewest principal components that explain 90 % of the
training part. Each candidate is made of these, of a row x, its reconstruction r and its code z:

    error     (x - r)^2 summed          nll       as aegpu gives it, with the KL of a VAE's code
    robust    log(1 + (x - r)^2 / v) summed, v the errors' variance in the training part, column by column
    whitened  the Mahalanobis distance of x - r, by the errors' covariance in the training part
    code      the Mahalanobis distance of z, by the codes' mean and covariance in the training part
    distance  x^2 summed (x is z-scored)          absolute  |x| summed
    a + b     -ln of the share of training rows with as large an a or a larger one, plus the same of b
    log a+b   ln a and ln b, each standardised by the training rows' mean and deviation of it, summed
    joint     nll + code / 2, as minus the log-likelihood of probabilistic PCA has it

The isolation forest is scikit-learn's. Needs what scripts/anomalies.py needs, without PyOD.
"""
import argparse
import shlex
import statistics
import subprocess
import tempfile
from pathlib import Path

import numpy as np

import anomalies  # first: it sets the threads
import measured
from sklearn.metrics import roc_auc_score

METHODS = ["aegpu", "aegpu --model vae", "aegpu --latent K --epochs 40"]


def matrix(file):
    with np.load(file) as f:
        return next(f[k] for k in f.files if f[k].ndim == 2)


def outputs(binary, flags, train, test, seed):
    """Reconstructions, codes and nll of both parts."""
    values = np.linalg.svd(train - train.mean(axis=0), compute_uv=False) ** 2
    k = int(np.searchsorted(np.cumsum(values) / values.sum(), 0.9) + 1)
    flags = [str(k) if f == "K" else f for f in flags]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for name, rows in (("train", train), ("test", test)):
            np.save(folder / f"{name}.npy", rows)
        anomalies.call(binary, "train", folder / "train.npy", "--out", folder / "run", "--test", 0, "--seed", seed, "-q", *flags)
        for name in ("train", "test"):
            said = {}
            for command in ("reconstruct", "encode", "score"):
                anomalies.call(binary, command, folder / "run", folder / f"{name}.npy", "-o", folder / f"{command}.npz", "-q")
                said[command] = matrix(folder / f"{command}.npz").astype(float)
            found.append((said["reconstruct"], said["encode"], said["score"][:, -1]))
    return found


def mahalanobis(fit, rows, ridge):
    cov = np.atleast_2d(np.cov(fit.T, bias=True))
    cov += np.eye(len(cov)) * (ridge * np.trace(cov) / len(cov) + 1e-12)
    d = rows - fit.mean(axis=0)
    return (d * np.linalg.solve(cov, d.T).T).sum(axis=1)


def candidates(parts):
    """Scores of the test part by name. parts: x, r, z, nll of the training part, then of the test part."""
    (x0, r0, z0, _), _ = parts
    v = np.maximum((x0 - r0).var(axis=0), 1e-3)
    single = {
        "error": lambda x, r, z, nll: ((x - r) ** 2).sum(axis=1),
        "nll": lambda x, r, z, nll: nll,
        "robust": lambda x, r, z, nll: np.log1p((x - r) ** 2 / v).sum(axis=1),
        "whitened": lambda x, r, z, nll: mahalanobis(x0 - r0, x - r, 0.01),
        "code": lambda x, r, z, nll: mahalanobis(z0, z, 0.001),
        "distance": lambda x, r, z, nll: (x**2).sum(axis=1),
        "absolute": lambda x, r, z, nll: np.abs(x).sum(axis=1),
        "joint": lambda x, r, z, nll: nll + mahalanobis(z0, z, 0.001) / 2,
    }
    value = {name: [f(*p) for p in parts] for name, f in single.items()}
    tail = {name: np.log(len(x0) + 1) - np.log(len(x0) - np.searchsorted(np.sort(a), b) + 1) for name, (a, b) in value.items()}
    out = {name: b for name, (_, b) in value.items()}
    for a in ("error", "nll", "robust", "whitened", "joint"):
        for b in ("code", "distance", "absolute"):
            out[f"{a} + {b}"] = tail[a] + tail[b]
        out[f"{a} + code + distance"] = tail[a] + tail["code"] + tail["distance"]
    logs = {n: (np.log(b + 1e-12) - np.log(a + 1e-12).mean()) / np.log(a + 1e-12).std() for n, (a, b) in value.items() if a.min() >= 0}
    for pair in (("error", "code"), ("error", "distance")):
        out["log " + "+".join(pair)] = logs[pair[0]] + logs[pair[1]]
    return out


def markdown(result):
    rows, methods = result["rows"], list(dict.fromkeys(r["method"] for r in result["rows"]))
    names = list(dict.fromkeys(name for r in rows for name in r["auroc"]))
    mean = {(m, n): statistics.mean(r["auroc"][n] for r in rows if r["method"] == m) for m in methods for n in names}
    names.sort(key=lambda n: -statistics.mean(mean[m, n] for m in methods))
    tables, seeds = len({r["table"] for r in rows}), len({r["seed"] for r in rows})
    said = f"{result['machine']}. AUROC, the mean over {tables} tables and {seeds} seeds; the best score first. What the scores are stands in the script."
    lines = ["| score | " + " | ".join(methods) + " |", "| --- " * (len(methods) + 1) + "|"]
    lines += [f"| {n} | " + " | ".join(f"{mean[m, n]:.4f}" for m in methods) + " |" for n in names]
    return "\n".join(["# What anomalies are ranked by", "", *(f"`{c}`\n" for c in result["commands"]), said, "", *lines, ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=Path, required=True, metavar="DIR")
    measured.arguments(parser, anomalies.ROOT / "docs/benchmarks/anomaly-scores")
    parser.set_defaults(seeds=2)
    parser.add_argument("--keep", action="store_true", help="rows that are there already are not measured again")
    o = parser.parse_args()
    methods = o.methods or METHODS
    o.methods = methods if o.keep else o.methods
    result = measured.begin(o, [] if o.keep else methods)
    done = {(r["method"], r["table"], r["seed"]) for r in result["rows"]}
    with tempfile.TemporaryDirectory() as folder:
        if not o.aegpu:
            o.aegpu = str(Path(folder) / "aegpu")
            subprocess.run(["go", "build", "-o", o.aegpu, "./cmd/aegpu"], cwd=anomalies.ROOT, check=True)
        for seed in range(1, o.seeds + 1):
            for file in sorted(o.tables.glob("*.npz"), key=lambda f: f.stat().st_size):
                train, test, labels = anomalies.split(file, seed)
                for method in methods:
                    if (method, file.stem, seed) in done:
                        continue
                    found = outputs(o.aegpu, shlex.split(method)[1:], train, test, seed)
                    scores = candidates([(x, *f) for x, f in zip((train, test), found)])
                    scores["isolation forest"] = anomalies.forest(train, test, seed)[0]
                    auroc = {name: round(float(roc_auc_score(labels, np.nan_to_num(s))), 5) for name, s in scores.items()}
                    measured.add(o, result, dict(method=method, table=file.stem, seed=seed, auroc=auroc))
    measured.end(o, markdown(result))


if __name__ == "__main__":
    main()
