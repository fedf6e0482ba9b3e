"""PCA's held-out explained variance by numpy beside what aegpu prints, for `scripts/against-pca.py --check`."""
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import tablesources

MOST = 6000  # rows of a table
PLAIN = ["--layout", "rows", "--scale", "standard", "--loss", "squared"]  # every column's mean and deviation, as scikit-learn's scaler


def compare(binary, tables):
    """Yields a name, aegpu's figure and numpy's, of tables of numbers alone: made-up ones, and those of a folder if there is one."""
    for name, x, k in [*made_up(), *(of_folder(tables) if tables else [])]:
        rows = np.random.default_rng(1).permutation(len(x))
        test, train = x[rows[: len(x) // 8]], x[rows[len(x) // 8 :]]
        yield f"{name}, code {k}", printed(binary, train, test, k), explained(train, test, k)


def of_folder(tables):
    """The .csv tables without text or gaps, classes left out; 8 components at most, as few as a third of the columns."""
    for place in sorted(tables.glob("*.csv")):
        table = pd.read_csv(place)
        table = table.drop(columns=[c for c in table.columns if str(c).lower() in tablesources.CLASSES])
        if all(map(pd.api.types.is_numeric_dtype, table.dtypes)) and not table.isna().any(axis=None):
            x = table.to_numpy(float)[:MOST]
            yield place.stem, x, max(1, min(8, x.shape[1] // 3))


def made_up():
    draw = np.random.default_rng(0)
    plane = draw.normal(size=(900, 3)) @ draw.normal(size=(3, 12)) + draw.normal(0, 0.3, (900, 12))
    skewed = np.exp(0.7 * draw.normal(size=(700, 4)) @ draw.normal(size=(4, 15)) / 2) + draw.normal(0, 0.1, (700, 15))
    for name, x, k in (("plane", plane, 2), ("plane", plane, 4), ("skewed", skewed, 3)):
        yield name, x * 10 ** draw.uniform(-3, 3, x.shape[1]) + draw.normal(0, 10, x.shape[1]), k


def printed(binary, train, test, k):
    """The figure of a run that is given both parts as files, no row kept back for validation."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{part}.npy" for part in ("train", "test")]
        for place, x in zip(files, (train, test)):
            np.save(place, x)
        out = str(Path(folder) / "run")
        command = [binary, "train", files[0], "--test-data", files[1], "--val", "0", "--latent", str(k), "--epochs", "1", *PLAIN, "--out", out, "--json", "-q"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["test"]["pca"]["explained_variance"]


def explained(train, test, k):
    """1 - squared error / squared distance from the training rows' mean, in columns standardised by the training rows."""
    keep = train.std(axis=0) > 0
    train, test = train[:, keep], test[:, keep]
    z, t = ((x - train.mean(axis=0)) / train.std(axis=0) for x in (train, test))
    axes = np.linalg.svd(z, full_matrices=False)[2][:k]
    return 1 - ((t - t @ axes.T @ axes) ** 2).sum() / (t**2).sum()
