"""The machine, its GPU, and whether aegpu can use it."""
import glob
import gzip
import json
import os
import platform
import shutil
import sys

from .check import Failed, good, last_line

NVIDIA_SMI = "name,driver_version,memory.total,compute_cap,clocks.max.sm,clocks.max.mem,power.limit"


def device(c, facts):
    facts["machine"] = {"system": platform.platform(), "python": platform.python_version(), "processors": os.cpu_count(),
                        "libc": " ".join(platform.libc_ver())}
    facts["nvidia_smi"] = nvidia_smi(c)
    unpack(c)
    why = look(c, facts)
    if why and not os.environ.get("AEGPU_LIBCUBLASLT"):
        for path in packaged():
            os.environ["AEGPU_LIBCUBLASLT"] = path
            if not look(c, facts):
                facts["not_found_by_aegpu"], why = path, ""  # which it should have: a finding
                break
            del os.environ["AEGPU_LIBCUBLASLT"]
    if why:
        raise Failed("no device: " + why)


def look(c, facts):
    """Asks aegpu for its first GPU, and returns why it cannot be used, "" if it can."""
    listed = json.loads(good(*c.run([c.aegpu, "devices", "--json"], 30)))
    facts["aegpu"], facts["gpu"] = listed, None
    gpu = next((d for d in listed["devices"] if d["kind"] == "cuda"), None)
    if not gpu:
        return listed.get("no_gpu", "none is listed")
    if not gpu["usable"]:
        return gpu["why"]
    facts["gpu"] = gpu["detail"]
    return ""


def nvidia_smi(c):
    if not shutil.which("nvidia-smi"):
        return "not there"
    code, out, _ = c.run(["nvidia-smi", "--query-gpu=" + NVIDIA_SMI, "--format=csv,noheader"], 10)
    return [dict(zip(NVIDIA_SMI.split(","), map(str.strip, l.split(",")))) for l in out.splitlines()] if code == 0 else last_line(out)


def packaged():
    """The cuBLASLt libraries in this Python's packages."""
    folders = [d for d in dict.fromkeys(sys.path) if d and os.path.isdir(d)]
    return [p for v in ("13", "12", "11") for d in folders for p in sorted(glob.glob(os.path.join(d, "nvidia/*/lib/libcublasLt.so." + v)))]


def unpack(c):
    """What is packed so that the folder stays small: the programs, and the data, which aegpu then need not unpack each time."""
    os.mkdir(c.mnist)
    files = {os.path.join(c.here, os.path.basename(p) + ".gz"): p for p in (c.aegpu, c.tests)}
    files.update({os.path.join(c.packed, n): os.path.join(c.mnist, n.removesuffix(".gz")) for n in os.listdir(c.packed)})
    for source, target in files.items():
        with gzip.open(source) as packed, open(target, "wb") as f:
            shutil.copyfileobj(packed, f)
    for path in (c.aegpu, c.tests):
        os.chmod(path, 0o755)
