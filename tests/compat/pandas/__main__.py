"""pandas with pyarrow: CSV, grouping, joining, time zones, parquet and feather through memory."""

import io
from importlib.metadata import version

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

print("pandas", version("pandas"), "pyarrow", version("pyarrow"), flush=True)

TEXT = """city,day,temperature,note
Oslo,2024-01-01,-4.5,"snow, wind"
Rome,2024-01-01,11.0,
Oslo,2024-01-02,-1.5,sun
Rome,2024-01-02,13.5,"fog"
Zürich,2024-01-02,2.0,rain
"""

frame = pd.read_csv(io.StringIO(TEXT), parse_dates=["day"])
print(frame.dtypes.to_string())
print(frame)
print(frame.groupby("city")["temperature"].agg(["mean", "max", "count"]))
print(frame.pivot_table(index="day", columns="city", values="temperature"))
print(frame.merge(pd.DataFrame({"city": ["Oslo", "Rome"], "country": ["NO", "IT"]}), how="left")["country"].tolist())
print(frame.set_index("day")["temperature"].resample("12h").sum().tolist())
print(frame["note"].str.upper().fillna("-").tolist(), frame.query("temperature > 2")["city"].tolist())
print(pd.Timestamp("2024-07-01", tz="Europe/Oslo").tz_convert("America/New_York"))
print(pd.to_datetime(["1/2/2024", "31/12/2023"], format="mixed", dayfirst=True).tolist())
print(frame["temperature"].rolling(2).mean().tolist(), frame["temperature"].quantile([0.1, 0.9]).tolist())

for engine in ("c", "python", "pyarrow"):
    print(engine, pd.read_csv(io.BytesIO(TEXT.encode()), engine=engine).shape)

file = io.BytesIO()
frame.to_parquet(file, engine="pyarrow", compression="zstd")
file.seek(0)
print("parquet", pd.read_parquet(file).equals(frame), pq.ParquetFile(file).metadata.num_rows)
file.seek(0)
print(pq.read_table(file).schema.remove_metadata())
file = io.BytesIO()
frame.to_feather(file)
file.seek(0)
print("feather", pd.read_feather(file).equals(frame))
print("json", pd.read_json(io.StringIO(frame.to_json(orient="records", date_format="iso")), orient="records").shape)

table = pa.Table.from_pandas(frame)
print(table.group_by("city").aggregate([("temperature", "sum")]).sort_by("city").to_pydict())
print(pc.utf8_upper(table["city"]).to_pylist(), pc.sum(table["temperature"]))
arrow = frame.convert_dtypes(dtype_backend="pyarrow")
print(arrow.dtypes.to_string())
for action in (lambda: frame["nothing"], lambda: pd.to_datetime("no date"), lambda: pa.array([1, "x"])):
    try:
        action()
    except Exception as error:
        print(f"{type(error).__module__}.{type(error).__name__}: {error}")
