"""The rows of a benchmark that measures several methods: a JSON file, to which methods can be added, and the Markdown made of it."""
import json
import os
import re
import shlex
import statistics
import sys
from pathlib import Path


def arguments(parser, out):
    """The flags that such benchmarks share; `out` is where their files go, without an ending."""
    parser.add_argument("--aegpu", help="the program; it is built where this is left out")
    parser.add_argument("--out", type=Path, default=out, metavar="PREFIX")
    parser.add_argument("--methods", nargs="+", metavar="NAME", help="these alone; the others' rows are kept")
    parser.add_argument("--seeds", type=int, default=3)


def begin(o, replaced):
    """What is known already: nothing where every method is measured, else the rows whose method is not in `replaced`."""
    result = dict(machine=machine(), commands=[], rows=[])
    place = o.out.with_suffix(".json")
    if o.methods and place.exists():
        result = json.loads(place.read_text())
        result["rows"] = [r for r in result["rows"] if r["method"] not in replaced]
    return dict(result, commands=list(dict.fromkeys([*result["commands"], command()])))


def add(o, result, row):
    """Appends a row to the file too, so that a run that is ended keeps what it had."""
    result["rows"].append(row)
    o.out.with_suffix(".json").write_text(json.dumps(result, indent=1) + "\n")
    print(json.dumps(row), flush=True)


def end(o, text):
    o.out.with_suffix(".md").write_text(text)
    print(text)


def command():
    """The command line, without where things lie on this machine."""
    line = shlex.join([f"scripts/{Path(sys.argv[0]).name}", *sys.argv[1:]])
    return re.sub(r"(--(?:adbench|tables)[ =])\S+", r"\1DIR", re.sub(r" --(aegpu|out|csv|jobs|codes)[ =]\S+", "", line))


def machine():
    """Cores and processor, as in "2 cores of an AMD EPYC"."""
    with open("/proc/cpuinfo") as f:
        model = next((line.split(":", 1)[1].strip() for line in f if line.startswith("model name")), "unknown processor")
    return f"{os.cpu_count()} cores of an {model}"


def spread(values, digits):
    """Mean and, of more than one value, standard deviation."""
    if not values:
        return ""
    deviation = f" ± {statistics.stdev(values):,.{digits}f}" if len(values) > 1 else ""
    return f"{statistics.mean(values):,.{digits}f}{deviation}"
