#!/usr/bin/env python3
"""A variational autoencoder of counts next to scvi-tools on a single-cell table: held-out log-likelihood and seconds.

    scripts/counts.py [--aegpu PATH] [--out PREFIX] [--methods NAME ...] [--seeds 3] [--epochs 400] [--samples 100] [--csv FILE]

The table is the sample that celltypist ships: 559 cells x 32,786 genes, raw counts in decimals that have lost their last digits
(2.99999999999999). They are rounded, and anything further than 1e-6 from a whole number is an error. Genes that are 0 in every cell are
left out. A fifth of the cells, another one for every seed, is held out for the test; of the rest each program takes a tenth for its
validation.

The models are negative binomial VAEs with a code of 10 and a hidden layer of 128, trained for --epochs: scvi-tools' SCVI with its defaults
but gene_likelihood="nb", once more with its early stopping, and aegpu, which keeps the weights of its best epoch. All are given a cell's
total and say nothing of its likelihood, so that the figures are log p(counts | total) of all genes, in nats per cell: scvi-tools takes
the observed library size (its default), aegpu the row's total as size factor. "rates" has no code: a cell's counts are negative binomial
around its total times the gene's share, with each gene's dispersion fitted to the training cells. Seconds are those of training alone:
SCVI.train without imports, the command `aegpu train` from start to end, reading included.

A method that begins with aegpu is flags of `aegpu train`: --methods scvi "aegpu --model vae --loss multinomial". Rows of the .json that
belong to other methods stay as they are; without --methods all are measured in one run. Needs Go (without --aegpu), and a Python with
scvi-tools and celltypist.
"""
import argparse
import importlib.util
import itertools
import json
import logging
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
from scipy.io import mmwrite
from scipy.sparse import coo_array
from scipy.special import gammaln

import measured

ROOT = Path(__file__).resolve().parents[1]
NET = "--model vae --latent 10 --hidden 128"
METHODS = ["rates", "scvi", "scvi, early stopping", f"aegpu {NET} --loss negative-binomial"]


def counts(path):
    """Cells by genes that occur, as whole numbers."""
    if not path:
        path = Path(importlib.util.find_spec("celltypist").submodule_search_locations[0]) / "data/samples/sample_cell_by_gene.csv"
    x = pd.read_csv(path, index_col=0)
    whole = x.round()
    if not (np.abs(x - whole).to_numpy() <= 1e-6).all() or (whole < 0).to_numpy().any():
        sys.exit(f"{path}: not a table of counts")
    return whole.astype(np.int32).loc[:, (whole > 0).any()]


def rates(train, test, o, seed):
    """Log-likelihood under each gene's share of the total and its dispersion, the best of a grid."""
    train, test = train.to_numpy(dtype=float), test.to_numpy(dtype=float)
    start = time.perf_counter()
    share = (train.sum(axis=0) + 0.5) / (train.sum() + 0.5 * train.shape[1])

    def likelihood(x, theta):
        mu = x.sum(axis=1, keepdims=True) * share
        return gammaln(x + theta) - gammaln(theta) - gammaln(x + 1) + theta * np.log(theta / (theta + mu)) + x * np.log(mu / (theta + mu))

    grid = np.geomspace(0.01, 1000, 26)
    theta = grid[np.argmax([likelihood(train, t).sum(axis=0) for t in grid], axis=0)]
    seconds = time.perf_counter() - start
    return dict(log_likelihood=float(likelihood(test, theta).sum(axis=1).mean()), seconds=seconds)


def scvi(train, test, o, seed, stopping=False):
    """scvi-tools' own figures of the held-out cells."""
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    import anndata
    import scvi as tools

    tools.settings.seed = seed
    tools.settings.verbosity = logging.ERROR

    def cells(x):
        return anndata.AnnData(x.astype(np.float32))

    data = cells(train)
    tools.model.SCVI.setup_anndata(data)
    model = tools.model.SCVI(data, gene_likelihood="nb")
    start = time.perf_counter()
    model.train(max_epochs=o.epochs, early_stopping=stopping, accelerator="cpu", enable_progress_bar=False, enable_model_summary=False, logger=False)
    seconds = time.perf_counter() - start
    held = cells(test)
    bounds = [float(model.get_elbo(held)) for _ in range(20)]  # of one draw each
    marginal = model.get_marginal_ll(held, n_mc_samples=o.samples, return_mean=False)
    return dict(elbo=statistics.mean(bounds), log_likelihood=float(marginal.mean()), samples=o.samples, seconds=seconds)


PEERS = {"rates": rates, "scvi": scvi, "scvi, early stopping": lambda *given: scvi(*given, stopping=True)}


def aegpu(flags, train, test, o, seed):
    """The same figures of `aegpu evaluate` on a file of the held-out cells; in Matrix Market every gene is a count."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: str(Path(folder) / name) for name in ("train.mtx", "test.mtx", "run")}
        for name, cells in (("train.mtx", train), ("test.mtx", test)):
            mmwrite(paths[name], coo_array(cells.to_numpy()))

        def call(*command):
            p = subprocess.run([o.aegpu, *command, "-q", "--json"], capture_output=True, text=True)
            if p.returncode != 0:
                sys.exit(f"aegpu {shlex.join(command)}: exit {p.returncode}: {p.stderr.strip()}")
            return json.loads(p.stdout)

        start = time.perf_counter()
        call("train", paths["train.mtx"], "--out", paths["run"], "--test", "0", "--epochs", str(o.epochs), "--seed", str(seed), "--device", "cpu", *flags)
        seconds = time.perf_counter() - start
        figures = call("evaluate", paths["run"], paths["test.mtx"], "--iwae-k", str(o.samples), "--device", "cpu")["test"]
    if figures["iwae_examples"] != len(test):
        sys.exit(f"aegpu evaluate: {figures['iwae_examples']} of {len(test)} cells")
    return dict(elbo=figures["elbo"], log_likelihood=-figures["nll_iwae"], samples=o.samples, seconds=seconds)


def measure(o, method, table, seed):
    """One row: a method trained on four fifths of the cells and measured on the others."""
    order = np.random.default_rng(seed).permutation(len(table))
    held = len(table) // 5
    test, train = table.iloc[np.sort(order[:held])], table.iloc[np.sort(order[held:])]
    if method in PEERS:
        found = PEERS[method](train, test, o, seed)
    else:
        found = aegpu(shlex.split(method)[1:], train, test, o, seed)
    return dict(method=method, seed=seed, table=o.csv.name if o.csv else "celltypist's sample", cells=len(train), held_out=len(test), genes=table.shape[1], **found)


def markdown(result):
    """The table over seeds, and each method's distance from scvi-tools seed by seed, which the choice of cells does not blur."""
    rows = result["rows"]
    by = {m: [r for r in rows if r["method"] == m] for m in dict.fromkeys(r["method"] for r in rows)}

    first = rows[0]
    base = {r["seed"]: r["log_likelihood"] for r in by.get("scvi", [])}
    lines = ["# Counts of single cells", "", *(f"`{c}`\n" for c in result["commands"]),
             f"{result['machine']}. Of {first['table']}, {first['cells']} cells to train and {first['held_out']} to test, {first['genes']:,} genes; mean ± standard deviation over "
             f"{len({r['seed'] for r in rows})} seeds, which draw the cells anew. Nats per held-out cell, all genes, given the cell's total (scvi-tools: the observed library size; aegpu: "
             f"the row's total as size factor): higher is better. The bound is the mean over draws of the code, the log-likelihood importance-weighted with {max(r.get('samples', 0) for r in rows)} draws. The last column "
             "is the log-likelihood less that of scvi-tools on the same cells.", "",
             "| method | bound | log-likelihood | seconds of training | above scvi-tools |", "| --- | --- | --- | --- | --- |"]
    for method, found in by.items():
        above = measured.spread([r["log_likelihood"] - base[r["seed"]] for r in found if r["seed"] in base], 1) if method != "scvi" else ""
        lines.append(f"| {method} | {measured.spread([r['elbo'] for r in found if 'elbo' in r], 1)} | {measured.spread([r['log_likelihood'] for r in found], 1)} | {measured.spread([r['seconds'] for r in found], 1)} | {above} |")
    return "\n".join([*lines, ""])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    measured.arguments(parser, ROOT / "docs/benchmarks/counts")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="a table of cells by genes in place of celltypist's")
    parser.add_argument("--epochs", type=int, default=400)
    parser.add_argument("--samples", type=int, default=100, help="draws of the importance-weighted log-likelihood")
    o = parser.parse_args()
    methods = o.methods or METHODS
    result = measured.begin(o, methods)
    table = counts(o.csv)
    with tempfile.TemporaryDirectory() as folder:
        if not o.aegpu and any(m.startswith("aegpu") for m in methods):
            o.aegpu = str(Path(folder) / "aegpu")
            subprocess.run(["go", "build", "-o", o.aegpu, "./cmd/aegpu"], cwd=ROOT, check=True)
        for seed, method in itertools.product(range(1, o.seeds + 1), methods):
            measured.add(o, result, measure(o, method, table, seed))
    measured.end(o, markdown(result))


if __name__ == "__main__":
    main()
