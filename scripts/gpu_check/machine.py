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
    facts["cublaslt"] = "as aegpu finds it"
    gpu = usable(c, facts)
    if not gpu and not os.environ.get("AEGPU_LIBCUBLASLT"):
        for path in packaged():  # what aegpu should have found by itself: a finding
            os.environ["AEGPU_LIBCUBLASLT"], facts["cublaslt"] = path, "not found by aegpu, but here: " + path
            gpu = usable(c, facts)
            if gpu:
                break
            del os.environ["AEGPU_LIBCUBLASLT"]
    facts["gpu"] = gpu
    if not gpu:
        raise Failed("no device: " + facts["aegpu"].get("no_gpu", "none is listed"))
    unpack(c)


def usable(c, facts):
    """What aegpu says of its first GPU, None where it has none."""
    facts["aegpu"] = json.loads(good(*c.run([c.aegpu, "devices", "--json"], 30)))
    gpus = [d for d in facts["aegpu"]["devices"] if d["kind"] == "cuda"]
    return gpus[0]["detail"] if gpus else None


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
    """What is packed so that the folder stays small: the test binary, and the data, which aegpu then need not unpack each time."""
    os.mkdir(c.mnist)
    files = {os.path.join(c.here, "gpu.test.gz"): c.tests}
    files.update({os.path.join(c.packed, n): os.path.join(c.mnist, n.removesuffix(".gz")) for n in os.listdir(c.packed)})
    for source, target in files.items():
        with gzip.open(source) as packed, open(target, "wb") as f:
            shutil.copyfileobj(packed, f)
    os.chmod(c.tests, 0o755)
