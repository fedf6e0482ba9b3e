#!/usr/bin/env python3
"""The default autoencoder beside PCA at the same code size, over the data sets of a folder: held-out explained variance, and a table of it.

    scripts/against-pca.py --tables DIR [--aegpu PATH] [--methods "aegpu" "aegpu --hidden 256" "aegpu --model vae" ...] [--seeds N] [--jobs N]

Rows, their preparation, and the mean that variance is taken about are the same for both: they are figures of one `aegpu train --json`.
"Ratio" is what the autoencoder leaves unexplained over what PCA leaves; shares below a
millionth count as that. Of a VAE the evidence
lower bound and the importance-weighted estimate stand beside probabilistic PCA's log-likelihood, nats a row. Seconds are of `aegpu train`
from start to end. Rows are kept in a JSON file; methods named with --methods are added to it.

    scripts/against-pca.py --check [--tables DIR] [--aegpu PATH]

computes PCA's explained variance with numpy, of standardised columns, on tables of numbers that it makes and on those of a folder, and
says where aegpu's differs by more than 1e-4. Needs Go (without --aegpu), and for --check numpy and pandas.
"""
import argparse
import itertools
import statistics
import sys
import tempfile

import heldout
import measured


def spread(values, digits=4):
    """Mean and, of more than one value, standard error."""
    values = [v for v in values if v is not None]
    if not values:
        return ""
    error = f" ± {heldout.standard_error(values):.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):.{digits}f}{error}"


def mean(rows, key, digits=1):
    return spread([statistics.mean(v)] if (v := [r[key] for r in rows if r.get(key) is not None]) else [], digits)


def autoencoder(name, rows):
    c = heldout.compare(rows)
    ratio = "" if c is None else f"**{c['ratio']:.3f}**" if c["below"] else f"{c['ratio']:.3f}"
    usual = heldout.compare(rows, "explained_variance_ordinary")
    return [spread([r["explained_variance"] for r in rows if "explained_variance" in r]), spread([r["pca_explained_variance"] for r in rows]), ratio,
            f"{usual['ratio']:.3f}" if usual else "", mean(rows, "epochs", 0)]


def vae(name, rows):
    own = [-r["nll_iwae"] for r in rows if r.get("nll_iwae") is not None]
    pca = [r[f"pca_{heldout.PPCA}"] for r in rows if r.get(f"pca_{heldout.PPCA}") is not None]
    more = [a - b for a, b in zip(own, pca)] if len(own) == len(pca) else []
    return [mean(rows, "kl", 2), mean(rows, "active_units", 1), mean(rows, "elbo", 3), spread(own, 3), spread(pca, 3), spread(more, 3), mean(rows, "epochs", 0)]


HEADS = {
    autoencoder: ["explained variance", "PCA", "ratio", "ratio, ordinary rows", "epochs"],
    vae: ["KL", "active units", "ELBO", "log p(x) (IWAE)", "probabilistic PCA", "more", "epochs"],
}


def markdown(result):
    """A table and a line of totals for every method."""
    text = ["# Beside PCA", "", *(f"`{c}`\n" for c in result["commands"]),
            f"{result['machine']}. Means ± standard errors over seeds; in bold what is below PCA by more than .001 and a standard error. What is compared, and how, stands in the script.", ""]
    for method in dict.fromkeys(r["method"] for r in result["rows"]):
        rows = [r for r in result["rows"] if r["method"] == method]
        cells = vae if heldout.is_vae(method) else autoencoder
        head = ["data set", "rows", "columns", "code", *HEADS[cells], "seconds"]
        text += [f"## `{method}`, {len({r['seed'] for r in rows})} seeds", "", f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
        for name, found in sorted(heldout.by_data(rows).items()):
            first = found[0]
            text.append(f"| {name} | {first['rows']} | {first['columns']} | {mean(found, 'code', 0)} | {' | '.join(cells(name, found))} | {mean(found, 'seconds')} |")
        text += ["", likelihoods(rows) if cells is vae else heldout.summary(rows), ""]
    return "\n".join(text)


def likelihoods(rows):
    """The line of a VAE's totals."""
    more, dead = [], 0
    for found in heldout.by_data(rows).values():
        pairs = [-r["nll_iwae"] - r[f"pca_{heldout.PPCA}"] for r in found if r.get("nll_iwae") is not None and r.get(f"pca_{heldout.PPCA}") is not None]
        more += [statistics.mean(pairs)] if pairs else []
        dead += statistics.mean(r.get("active_units") or 0 for r in found) < 0.5
    failed = sorted({r["data"] for r in rows if "error" in r})
    return (f"{len(heldout.by_data(rows))} data sets: no active unit on {dead}; likelihood below probabilistic PCA's on {sum(m < 0 for m in more)} of {len(more)}; "
            f"{sum(r['seconds'] for r in rows):.0f} s" + (f"\n\nfailed: {', '.join(failed)}" if failed else ""))


def check(binary, tables):
    """Whether aegpu's figures of PCA are numpy's, held-out rows being in a file of their own."""
    import pcacheck

    wrong = 0
    for name, own, numpys in pcacheck.compare(binary, tables):
        print(f"{name}: aegpu {own:.6f}, numpy {numpys:.6f}", flush=True)
        wrong += not abs(own - numpys) < 1e-4  # PCA is of float32 rows
    sys.exit(f"{wrong} differ" if wrong else 0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    heldout.arguments(parser)
    parser.add_argument("--check", action="store_true")
    measured.arguments(parser, heldout.ROOT / "docs/benchmarks/against-pca")
    o = parser.parse_args()
    if not (o.check or o.tables):
        parser.error("--tables DIR is missing")
    with tempfile.TemporaryDirectory() as folder:
        binary = heldout.program(o, folder)
        if o.check:
            check(binary, o.tables)
        methods = o.methods or ["aegpu"]
        result = measured.begin(o, methods)
        tasks = [(m, *d, s) for d, s, m in itertools.product(heldout.data_sets(o).items(), range(1, o.seeds + 1), methods)]
        for row in heldout.rows_of(o, binary, tasks):
            measured.add(o, result, row)
    measured.end(o, markdown(result))


if __name__ == "__main__":
    main()
