"""Sets of flags of `aegpu train`, each tried over the data sets of a folder: what search-defaults.py and search-vae.py have in common."""
import argparse
import itertools
import json
import shlex
import tempfile
from pathlib import Path

import heldout
import measured


def read(place):
    """Flags by name, of a file with a line for each set, "NAME: FLAGS"; empty lines and those after # do not count."""
    lines = [line.split("#")[0].strip() for line in place.read_text().splitlines()]
    return {name.strip(): flags.strip() for name, flags in (line.split(":", 1) for line in lines if line)}


def search(doc, name, fixed, markdown):
    """The command line of a search called name: every set is trained with, after the fixed flags, and markdown(result, flags by name) is
    what is written of it."""
    parser = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    heldout.arguments(parser)
    measured.arguments(parser, heldout.ROOT / "build" / name)
    parser.add_argument("--variants", type=Path, default=heldout.ROOT / f"scripts/{name}.txt", metavar="FILE")
    parser.add_argument("--keep", action="store_true")
    o = parser.parse_args()
    if not o.tables:
        parser.error("--tables DIR is missing")
    of, place = read(o.variants), o.out.with_suffix(".json")
    if o.methods:
        of = {n: of[n] for n in o.methods}
    result = dict(machine=measured.machine(), commands=[measured.command()], rows=[])
    if o.keep and place.exists():
        result["rows"] = json.loads(place.read_text())["rows"]
    known = {(r["variant"], r["flags"], r["data"], r["seed"]) for r in result["rows"]}
    with tempfile.TemporaryDirectory() as folder:
        binary = heldout.program(o, folder)
        tasks = [(n, *d, s) for d, s, n in itertools.product(heldout.data_sets(o).items(), range(1, o.seeds + 1), of) if (n, of[n], d[0], s) not in known]
        methods = [(shlex.join(["aegpu", *fixed, *shlex.split(of[n])]), *task) for n, *task in tasks]
        for row in heldout.rows_of(o, binary, methods, [n for n, *_ in tasks]):
            measured.add(o, result, dict(row, flags=of[row["variant"]]))
    measured.end(o, markdown(result, of))
