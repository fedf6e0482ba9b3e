"""Makes the files of this folder with numpy, scipy and safetensors; data/arrays_test.go says what is in them.

    cd data/testdata/arrays && python make.py
"""
import numpy as np, scipy.sparse as sp, scipy.io, scipy.sparse
from safetensors.numpy import save_file

# Every type and byte order in C and in Fortran order: 2 x 3, in the type's own values.
types = {}
for t in ["b1", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8"]:
    values = np.array([[0, 1, 2], [3, 100, 7]] if t != "b1" else [[0, 1, 1], [1, 0, 1]])
    for order in "<>" if t[1] != "1" else "|":
        for layout in "CF":
            types[f"{t}{'be' if order == '>' else 'le'}{layout}"] = np.asarray(values.astype(order + t), order=layout)
np.savez_compressed("types.npz", **types)

x = np.arange(12, dtype="f4").reshape(4, 3)
names = np.array(["dog", "cät", "dog", "eel"])
np.savez_compressed("names.npz", data=x, target=names, ids=np.array(["r1", "r2", "r3", "r4"]), columns=np.array(["u", "v", "w"]))
np.savez_compressed("bytes.npz", X=x, labels=np.array([b"b", b"a", b"b", b"a"]), note=np.array(["x"], dtype=object))
np.savez_compressed("refused.npz", complex=x.astype("c8"), objects=x.astype(object), records=np.zeros(4, dtype=[("a", "f4"), ("b", "i4")]),
                    dates=np.zeros(4, "M8[D]"), text=names, scalar=np.float32(3), empty=np.zeros((0, 3)), wide=x.astype(np.longdouble))

m = np.array([[0, 1.5, 0, 0, 0, 0], [0, 0, 0, -2, 0, 0], [0, 0, 0, 0, 0, 0], [4, 0, 0, 0, 0, 1e-300]])
for f in ["csr", "csc", "coo", "bsr", "dia"]:
    s = sp.coo_matrix(m).asformat(f)
    if f == "bsr":
        s = sp.bsr_matrix(m, blocksize=(2, 3))
    sp.save_npz(f"sparse-{f}.npz", s)
twice = sp.coo_matrix((np.array([1, 2, 40], "i8"), ([0, 0, 1], [1, 1, 2])), shape=(3, 4))
sp.save_npz("sparse-twice.npz", twice)
sp.save_npz("sparse-twice-csr.npz", sp.csr_matrix((np.array([1, 2, 40], "f4"), np.array([1, 1, 2]), np.array([0, 2, 3, 3])), shape=(3, 4)))
sp.save_npz("sparse-bool.npz", sp.coo_matrix((np.array([True, True]), ([0, 0], [1, 1])), shape=(2, 2)))
scipy.io.mmwrite("coordinate.mtx", sp.coo_matrix(m), comment="made by scipy")
scipy.io.mmwrite("array.mtx", m)
scipy.io.mmwrite("symmetric.mtx", sp.coo_matrix(np.array([[1, 2, 0], [2, 0, 3], [0, 3, 5]])), symmetry="symmetric")
scipy.io.mmwrite("skew.mtx", np.array([[0, -2.5, 1], [2.5, 0, 0], [-1, 0, 0]]), symmetry="skew-symmetric")

tensors = {t: np.array([[0, 1, 2], [3, 100, 7]]).astype(t) for t in ["f8", "f4", "f2", "i8", "i4", "i2", "i1", "u8", "u4", "u2", "u1"]}
tensors["bool"] = np.array([[0, 1, 1], [1, 0, 1]], bool)
save_file(tensors, "types.safetensors")
save_file({"X": x, "y": np.array([2, 0, 2, 1])}, "labels.safetensors", metadata={"columns": '["u", "v", "w"]', "other": "{"})
