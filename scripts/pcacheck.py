"""PCA's held-out explained variance by numpy beside what aegpu prints, for `scripts/against-pca.py --check`."""
import json
import subprocess
import tempfile
from pathlib import Path

import numpy as np


def compare(binary):
    """Yields a name, aegpu's figure and numpy's, of tables of numbers alone."""
    draw = np.random.default_rng(0)
    plane = draw.normal(size=(900, 3)) @ draw.normal(size=(3, 12)) + draw.normal(0, 0.3, (900, 12))
    skewed = np.exp(0.7 * draw.normal(size=(700, 4)) @ draw.normal(size=(4, 15)) / 2) + draw.normal(0, 0.1, (700, 15))
    for name, x, k in (("plane", plane, 2), ("plane", plane, 4), ("skewed", skewed, 3)):
        x = x * 10 ** draw.uniform(-3, 3, x.shape[1]) + draw.normal(0, 10, x.shape[1])
        rows = draw.permutation(len(x))
        test, train = x[rows[:100]], x[rows[100:]]
        yield f"{name}, code {k}", printed(binary, train, test, k), explained(train, test, k)


def printed(binary, train, test, k):
    """The figure of a run that is given both parts as files, no row kept back for validation."""
    with tempfile.TemporaryDirectory() as folder:
        files = [Path(folder) / f"{part}.npy" for part in ("train", "test")]
        for place, x in zip(files, (train, test)):
            np.save(place, x)
        out = str(Path(folder) / "run")
        command = [binary, "train", files[0], "--test-data", files[1], "--val", "0", "--latent", str(k), "--epochs", "1", "--out", out, "--json", "-q"]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return json.loads(done.stdout)["test"]["pca"]["explained_variance"]


def explained(train, test, k):
    """1 - squared error / squared distance from the training rows' mean, in columns standardised by the training rows."""
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    z, t = (train - mean) / deviation, (test - mean) / deviation
    axes = np.linalg.svd(z, full_matrices=False)[2][:k]
    return 1 - ((t - t @ axes.T @ axes) ** 2).sum() / (t**2).sum()
