#!/usr/bin/env python3
"""cuda-kernels.py: compiles kernels/*.cu to kernels/ptx/*.ptx with the pinned compiler and flags.

  scripts/cuda-kernels.py                  writes the PTX (and that of the simulator's own test kernels)
  scripts/cuda-kernels.py --check          says whether the committed PTX is what it would write, and whether it assembles
                                        for every generation of GPU without a spill; exit 1 if not
  scripts/cuda-kernels.py --table [REV]    prints what each kernel takes there: registers, stack, spills; of the PTX that is
                                        here, or of a revision's

PTX for compute_75 from the compiler of CUDA 11.8 loads on Turing to Blackwell with every driver since 520. The compiler
is NVRTC: it needs no host compiler, so its output is the same bytes everywhere. What assembles it on a user's machine is
the driver's; here it is the newest ptxas that is pinned (scripts/cuda-toolkit.sh).
"""
import concurrent.futures, ctypes, os, pathlib, re, subprocess, sys, tempfile

root = pathlib.Path(__file__).resolve().parent.parent
kernels = root / "kernels"
FLAGS = ["--gpu-architecture=compute_75", "--std=c++17", "-I" + str(kernels)]
ARCHITECTURES = ["sm_75", "sm_80", "sm_90", "sm_100"]


def toolkit():
    out = subprocess.run([root / "scripts/cuda-toolkit.sh", "--nvrtc"], check=True, capture_output=True, text=True)
    return pathlib.Path(out.stdout.strip())


class Compiler:
    def __init__(self, folder):
        ctypes.CDLL(str(folder / "nvidia/cuda_nvrtc/lib/libnvrtc-builtins.so.11.8"), mode=ctypes.RTLD_GLOBAL)
        self.lib = ctypes.CDLL(str(folder / "nvidia/cuda_nvrtc/lib/libnvrtc.so.11.2"))

    def text(self, program, what):
        size = ctypes.c_size_t()
        getattr(self.lib, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
        buf = ctypes.create_string_buffer(size.value)
        getattr(self.lib, f"nvrtcGet{what}")(program, buf)
        return buf.value.decode()

    def ptx(self, source):
        program = ctypes.c_void_p()
        self.lib.nvrtcCreateProgram(ctypes.byref(program), source.read_bytes(), source.name.encode(), 0, None, None)
        flags = (ctypes.c_char_p * len(FLAGS))(*[f.encode() for f in FLAGS])
        failed = self.lib.nvrtcCompileProgram(program, len(FLAGS), flags)
        log = self.text(program, "ProgramLog").strip()
        if log:
            print(f"{source.relative_to(root)}:\n{log}", file=sys.stderr)
        if failed:
            sys.exit(1)
        return self.text(program, "PTX").rstrip("\0")


def compile_all(folder, check):
    """Writes the PTX, or names what is not what it would write."""
    compiler, stale = Compiler(folder), []
    for source in sorted(kernels.glob("*.cu")) + sorted((root / "gpu/cudasim/testdata").glob("*.cu")):
        target = source.parent / "ptx" / (source.stem + ".ptx")
        text = compiler.ptx(source)
        if target.exists() and target.read_text() == text:
            continue
        if check:
            stale.append(str(target.relative_to(root)))
            continue
        target.parent.mkdir(exist_ok=True)
        target.write_text(text)
    return stale


TAKES = re.compile(r"Function properties for (\w+)\n\s*(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads\n"
                   r".*?Used (\d+) registers")


def assemble(folder, files, arch):
    """What every kernel of the files takes on arch: (registers, stack, spills)."""
    with tempfile.TemporaryDirectory() as tmp:
        out = subprocess.run([folder / "nvidia/cu13/bin/ptxas", "-v", "-arch", arch, *files, "-o", tmp + "/out"],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if out.returncode:
        sys.exit(f"ptxas for {arch}:\n{out.stdout}")
    return {k: (int(r), int(stack), int(stores) + int(loads)) for k, stack, stores, loads, r in TAKES.findall(out.stdout)}


def assemble_all(folder, files):
    """What every kernel of the files takes, by architecture."""
    entries = sorted(e for f in files for e in re.findall(r"\.entry (\w+)\(", f.read_text()))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        takes = dict(zip(ARCHITECTURES, pool.map(lambda arch: assemble(folder, files, arch), ARCHITECTURES)))
    for arch, of in takes.items():
        if sorted(of) != entries:
            sys.exit(f"ptxas for {arch} told of {len(of)} kernels, the PTX has {len(entries)}")
    return takes


def spilling(takes):
    return [f"{k} ({arch}: {spills} bytes)" for arch, of in takes.items() for k, (_, _, spills) in of.items() if spills]


def table(takes):
    """Registers for each architecture; stack and spills are the most of all."""
    lines = ["| kernel | " + " | ".join(ARCHITECTURES) + " | stack | spills |", "| --- |" + " --- |" * (len(ARCHITECTURES) + 2)]
    for k in sorted(takes[ARCHITECTURES[0]]):
        of = [takes[arch][k] for arch in ARCHITECTURES]
        cells = [r for r, _, _ in of] + [max(s for _, s, _ in of), max(s for _, _, s in of)]
        lines.append(f"| `{k}` | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def ptx_of(revision, folder):
    """The kernels' PTX of a revision, in a folder."""
    def git(*args):
        return subprocess.run(["git", "-C", root, *args], check=True, stdout=subprocess.PIPE, text=True).stdout
    for name in git("ls-tree", "--name-only", revision + ":kernels/ptx").split():
        (folder / name).write_text(git("show", f"{revision}:kernels/ptx/{name}"))
    return sorted(folder.glob("*.ptx"))


def main():
    mode, revision = (sys.argv[1:] + ["", ""])[:2]
    if mode not in ("", "--check", "--table") or len(sys.argv) > (3 if mode == "--table" else 2):
        sys.exit(__doc__)
    folder = toolkit()
    if mode == "--table":
        with tempfile.TemporaryDirectory() as tmp:
            files = ptx_of(revision, pathlib.Path(tmp)) if revision else sorted((kernels / "ptx").glob("*.ptx"))
            print(table(assemble_all(folder, files)))
        return
    stale = compile_all(folder, mode == "--check")
    if stale:
        sys.exit("not what scripts/cuda-kernels.py writes: " + ", ".join(stale))
    if mode == "--check":
        spills = spilling(assemble_all(folder, sorted((kernels / "ptx").glob("*.ptx"))))
        if spills:
            sys.exit("kernels that spill registers: " + ", ".join(spills))


main()
