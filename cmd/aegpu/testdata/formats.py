"""Reads what aegpu wrote by pandas, pyarrow, numpy and safetensors, and holds it against the CSV file of the same rows."""
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.feather
import pyarrow.parquet
from safetensors import safe_open

here = Path(sys.argv[1])
labels = {"codes": "grade", "rows": "grade", "scores": "grade", "new": None}


def same(name, got, want, columns=True):
    if columns:
        assert list(got.columns) == list(want.columns), (name, list(got.columns), list(want.columns))
    assert len(got) == len(want), (name, len(got), len(want))
    for k, column in enumerate(want.columns):
        a, b = got.iloc[:, k], want.iloc[:, k]
        if b.dtype.kind in "fiu":
            assert np.allclose(np.asarray(a, float), np.asarray(b, float), rtol=1e-6, atol=1e-6), (name, column)
        else:
            assert list(a.astype(str)) == list(b.astype(str)), (name, column, list(a)[:3], list(b)[:3])


def arrays(name, x, want):
    label = labels[name]
    numbers = want.drop(columns=[c for c in ("code", label) if c in want.columns])
    assert x.shape == numbers.shape, (name, x.shape, numbers.shape)
    for k, column in enumerate(numbers.columns):
        if numbers[column].dtype.kind in "fiu":
            assert np.allclose(x[:, k], numbers[column], rtol=1e-6, atol=1e-6), (name, column)


names = [name for name in labels if (here / f"{name}.csv").exists()]
assert names
for name in names:
    label = labels[name]
    want = pd.read_csv(here / f"{name}.csv")
    same(name + ".tsv", pd.read_csv(here / f"{name}.tsv", sep="\t"), want)
    same(name + ".csv.gz", pd.read_csv(here / f"{name}.csv.gz"), want)
    same(name + ".parquet", pd.read_parquet(here / f"{name}.parquet"), want)
    same(name + ".parquet by pyarrow", pyarrow.parquet.read_table(here / f"{name}.parquet").to_pandas(), want)
    same(name + ".feather", pd.read_feather(here / f"{name}.feather"), want)
    same(name + ".arrow", pyarrow.feather.read_table(here / f"{name}.arrow").to_pandas(), want)
    arrays(name, np.load(here / f"{name}.npy"), want)
    with np.load(here / f"{name}.npz") as z:
        arrays(name, z["X"], want)
        if label:
            assert list(z["classes"][z["y"]]) == list(want[label]), name
            assert list(z["ids"]) == list(want["code"]), name
        if name == "codes":
            assert list(z["columns"]) == ["code_0", "code_1", "code_2"], name
    with safe_open(here / f"{name}.safetensors", "np") as f:
        arrays(name, f.get_tensor("X"), want)
        if label:
            assert len(f.get_tensor("labels")) == len(want), name
            assert want["code"][0] in str(f.metadata()), name
print("read")
