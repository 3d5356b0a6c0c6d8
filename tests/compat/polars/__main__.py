"""polars: lazy queries on several threads, expressions, parquet and CSV through memory, panics and errors from Rust."""

import datetime
import io
from importlib.metadata import version

import polars as pl

print("polars", version("polars"), flush=True)

frame = pl.DataFrame({
    "city": ["Oslo", "Rome", "Oslo", "Rome", "Zürich"],
    "day": [datetime.date(2024, 1, number) for number in (1, 1, 2, 2, 2)],
    "temperature": [-4.5, 11.0, None, 13.5, 2.0],
})
print(frame)
print(frame.lazy().group_by("city").agg(pl.col("temperature").mean(), pl.len().alias("n")).sort("city").collect())
print(frame.with_columns(pl.col("city").str.to_uppercase(), (pl.col("temperature") * 9 / 5 + 32).round(2).alias("f")).row(0))
print(frame.select(pl.col("temperature").rank().over("day"), pl.col("day").dt.strftime("%d.%m.")).rows())
print(frame.pivot("city", index="day", values="temperature").rows(), frame.null_count().row(0))
numbers = pl.DataFrame({"i": range(100000)}).lazy().with_columns(k=pl.col("i") % 1000)
print(numbers.group_by("k").agg(pl.col("i").sum()).select(pl.col("i").max(), pl.len()).collect().row(0))
print(numbers.join(numbers, on="i").filter(pl.col("k") == 3).select(pl.len()).collect(engine="streaming").item())
print(numbers.filter(pl.col("i") > 5).select("k").explain())
for write, read in (("write_parquet", pl.read_parquet), ("write_ipc", pl.read_ipc), ("write_csv", pl.read_csv)):
    file = io.BytesIO()
    getattr(frame, write)(file)
    file.seek(0)
    print(write, read(file).shape)
print(pl.SQLContext(t=frame).execute("SELECT city, count(*) AS n FROM t GROUP BY city ORDER BY n, city").collect().rows())
print(frame["temperature"].map_elements(lambda value: max(value, 0.0), return_dtype=pl.Float64).to_list())
print(pl.Series([1, 2]).to_frame("x").write_json(), pl.Series(["2024-07-01T12:00"]).str.to_datetime(time_zone="Europe/Oslo")[0])
for action in (
    lambda: frame.select("nothing"),
    lambda: pl.Series(["x"]).cast(pl.Int64),
    lambda: pl.read_csv(b"a,b\n1,x\n2", schema={"a": pl.Int8, "b": pl.Int8}),
):
    try:
        action()
    except pl.exceptions.PolarsError as error:
        print(type(error).__name__, str(error).splitlines()[0])
