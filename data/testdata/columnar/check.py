"""check.py FOLDER: compares a.parquet and a.feather with a.csv, and has pandas write them again."""
import sys

import numpy as np
import pandas as pd
import pyarrow.feather as pf
import pyarrow.parquet as pq

folder = sys.argv[1]
want = pd.read_csv(folder + "/a.csv")
for name, read, table in (("a.parquet", pd.read_parquet, pq.read_table), ("a.feather", pd.read_feather, pf.read_table)):
    path = folder + "/" + name
    got = read(path)
    table(path).validate(full=True)
    assert list(got.columns) == list(want.columns), (list(got.columns), list(want.columns))
    for column in want:
        a, b = got[column], want[column]
        assert (a.isna() == b.isna()).all(), (name, column)
        a, b = a[~b.isna()], b[~b.isna()]
        if column == "when":
            assert str(a.dtype).startswith("datetime64"), a.dtype
            b = pd.to_datetime(b, format="mixed")
            assert (abs(a - b) < pd.Timedelta("1s")).all(), name
        elif column == "member":
            assert (a.astype(int) == b.astype(int)).all(), name
        elif column == "height, cm":
            assert np.allclose(a, b, rtol=0, atol=0), name
        else:
            assert (a.astype(str) == b.astype(a.dtype if column == "visits" else str).astype(str)).all(), (name, column)
    got = got.set_index("who")
    if name == "a.parquet":
        got.to_parquet(folder + "/pandas.parquet")
    else:
        got.reset_index().to_feather(folder + "/pandas.feather")
