"""Trains aegpu on the data sets of a folder and compares held-out rows with PCA at the same code size, or a VAE with probabilistic PCA.

Shared by against-pca.py and search-defaults.py. A method is "aegpu" and flags of `aegpu train`.
"""
import concurrent.futures
import json
import math
import os
import re
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PPCA = "log_likelihood"  # probabilistic PCA's figure among those of PCA, nats an example, on the rows that nll_iwae of the model is estimated on
LEAST = 1e-6  # a share of the variance that counts as nothing: rounding is all there is below
MEANT = 1e-3  # a difference that nobody minds: added to both shares of a ratio that goes into a mean, lest tables that PCA fits exactly decide it
SHAPE = re.compile(r"([\d,]+) training(?:, ([\d,]+) validation)?(?:, ([\d,]+) test)? rows of ([\d,]+) numbers")


def arguments(parser):
    parser.add_argument("--tables", type=Path, metavar="DIR", help="a folder of data sets, as scripts/tables.py makes them")
    parser.add_argument("--flags", default="", help="further flags of `aegpu train`, for every method: --flags=\"--epochs 5\"")
    parser.add_argument("--codes", type=Path, metavar="JSON", help="train with the code sizes of the rows in this file, such as another run's; data sets without one are left out")
    parser.add_argument("--only", nargs="+", default=["*"], metavar="GLOB", help="data sets whose names match")
    parser.add_argument("--skip", nargs="+", default=[], metavar="GLOB", help="but not these")
    parser.add_argument("--jobs", type=int, default=1, help="runs side by side, each with its share of the cores; their seconds are not those of a run alone")
    parser.add_argument("--iwae-k", type=int, default=100, help="importance samples of a VAE's likelihood")
    parser.add_argument("--iwae-rows", type=int, default=0, help="test rows that it is estimated on at most; 0 is all, as probabilistic PCA is measured on all")


def program(o, folder):
    """The program of --aegpu, built where that is left out."""
    if o.aegpu:
        return o.aegpu
    binary = str(Path(folder) / "aegpu")
    subprocess.run(["go", "build", "-o", binary, "./cmd/aegpu"], cwd=ROOT, check=True)
    return binary


def data_sets(o):
    """Names of the data sets and what aegpu is to be given for each, from the smallest file to the largest."""
    found = {}
    for place in sorted(o.tables.iterdir(), key=lambda p: p.stat().st_size if p.suffix != ".data" else math.inf):
        if any(place.match(g) or Path(place.stem).match(g) for g in o.only) and not any(Path(place.stem).match(g) for g in o.skip):
            found[place.stem] = place.read_text().strip() if place.suffix == ".data" else str(place)
    if o.codes:
        found = {name: data for name, data in found.items() if name in codes(o)}
    if not found:
        sys.exit(f"{o.tables}: no data sets match {' '.join(o.only)}")
    return found


def codes(o):
    """The code size of every data set, of --codes."""
    return {r["data"]: r["code"] for r in json.loads(o.codes.read_text())["rows"] if r.get("code")}


def run(o, binary, method, name, data, seed):
    """One row: what a method comes to on held-out rows of a data set. What aegpu refuses is a row with "error"."""
    row = dict(method=method, data=name, seed=seed)
    flags = [*shlex.split(method)[1:], *shlex.split(o.flags), *(["--latent", str(codes(o)[name])] if o.codes else [])]
    threads = {"GOMAXPROCS": str(max(1, os.cpu_count() // o.jobs))} if o.jobs > 1 else {}
    with tempfile.TemporaryDirectory() as folder:
        out = str(Path(folder) / "run")
        start = time.perf_counter()
        done = subprocess.run([binary, "train", data, "--out", out, "--seed", str(seed), "--json", *flags], capture_output=True, text=True, env={**os.environ, **threads})
        row["seconds"] = time.perf_counter() - start
        if done.returncode == 0 and is_vae(method):
            trained = json.loads(done.stdout)
            asked = [binary, "evaluate", out, "--json", "-q", "--iwae-k", str(o.iwae_k), "--limit", str(o.iwae_rows)]
            row |= {k: trained.get(k) for k in ("epochs", "steps", "parameters")}
            said, done = done.stderr, subprocess.run(asked, capture_output=True, text=True, env={**os.environ, **threads})
        else:
            said = done.stderr
        if done.returncode != 0:
            return dict(row, error=done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"exit {done.returncode}")
        return row | shape(said) | figures(json.loads(done.stdout), Path(out))


def is_vae(method):
    return re.search(r"--model[= ]vae", method) is not None


def shape(said):
    """Rows of all parts, and columns as the model has them, of what training says."""
    *rows, columns = (int((n or "0").replace(",", "")) for n in SHAPE.search(said).groups())
    return dict(rows=sum(rows), test=rows[2] or rows[1], columns=columns)


def figures(result, run_folder):
    """Figures of the JSON that aegpu prints, those of PCA beside them under pca_; None where PCA would need no fewer numbers."""
    test = result.get("test") or result.get("validation") or {}
    pca = test.get("pca") or {}
    latent = re.search(r"^latent: *\"?(\d+)", (run_folder / "config.yaml").read_text(), re.M)
    row = dict(code=pca.get("components") or (int(latent[1]) if latent else None))
    row |= {k: result[k] for k in ("epochs", "steps", "parameters") if k in result}
    row |= {k: test.get(k) for k in ("explained_variance", "explained_variance_ordinary", "sse", "nll", "kl", "elbo", "nll_iwae", "active_units") if k in test}
    return row | {f"pca_{k}": pca.get(k) for k in ("explained_variance", "explained_variance_ordinary", "sse", PPCA)}


def rows_of(o, binary, tasks, variants=None):
    """The rows of (method, name, data, seed), as they come; with a name each, if tasks have them."""
    with concurrent.futures.ThreadPoolExecutor(o.jobs) as pool:
        waiting = {pool.submit(run, o, binary, *task): k for k, task in enumerate(tasks)}
        try:
            for done in concurrent.futures.as_completed(waiting):
                yield dict({"variant": variants[waiting[done]]} if variants else {}, **done.result())
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def by_data(rows):
    """Rows of one method by data set, those alone that went well."""
    found = {}
    for r in rows:
        if "error" not in r:
            found.setdefault(r["data"], []).append(r)
    return found


def compare(rows, figure="explained_variance"):
    """How a data set's rows compare with PCA: means, the standard error of the difference over seeds, the ratio of what is not
    explained; None where there is no PCA."""
    pairs = [(r[figure], r[f"pca_{figure}"]) for r in rows if r.get(figure) is not None and r.get(f"pca_{figure}") is not None]
    if not pairs:
        return None
    own, pca = (statistics.mean(v) for v in zip(*pairs))
    error = standard_error([a - b for a, b in pairs])
    ratio, damped = max(1 - own, LEAST) / max(1 - pca, LEAST), max(1 - own + MEANT, LEAST) / (1 - pca + MEANT)
    return dict(own=own, pca=pca, error=error, ratio=ratio, damped=damped, below=own - pca < -max(MEANT, error) - LEAST)


def standard_error(values):
    return statistics.stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0


def totals(rows):
    """What the rows of one method come to over all data sets."""
    found = by_data(rows)
    of = {name: compare(r) for name, r in found.items()}
    known = {name: c for name, c in of.items() if c}
    usual = [c for c in (compare(r, "explained_variance_ordinary") for r in found.values()) if c]
    ratios = [c["ratio"] for c in known.values()]
    return dict(
        data=len(known), below=sorted(n for n, c in known.items() if c["below"]), better=sum(r <= 0.95 for r in ratios),
        ratio=geometric([c["damped"] for c in known.values()]), worst=max((c["damped"] for c in known.values()), default=math.nan),
        ordinary=geometric([c["damped"] for c in usual]), ordinary_below=sum(c["below"] for c in usual),
        seconds=sum(r["seconds"] for r in rows), failed=sorted({r["data"] for r in rows if "error" in r}), without=sorted(set(of) - set(known)))


def geometric(values):
    return math.exp(statistics.mean(map(math.log, values))) if values else math.nan


def summary(rows):
    """The line of a method's totals."""
    t = totals(rows)
    text = (f"{t['data']} data sets: below PCA by more than .001 and a standard error on {len(t['below'])}; at most .95 of PCA's residual on {t['better']}; "
            f""
            f"geometric mean of the ratios, .001 added to both shares, {t['ratio']:.3f}, worst {t['worst']:.2f}; of ordinary rows {t['ordinary']:.3f}, below on {t['ordinary_below']}; {t['seconds']:.0f} s")
    for what, names in (("below", t["below"]), ("without PCA, for the code is no smaller", t["without"]), ("failed", t["failed"])):
        text += f"\n\n{what}: {', '.join(names)}" if names else ""
    return text
