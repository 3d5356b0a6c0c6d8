"""pyproj: its database opened by PROJ's own SQLite in C, and by Python's, read-only and by path."""

import os
import sqlite3
from importlib.metadata import version
from pathlib import Path

import pyproj
from pyproj import CRS, Geod, Transformer, datadir
from pyproj.database import query_crs_info

print("pyproj", version("pyproj"), "PROJ", pyproj.proj_version_str, flush=True)

folder = Path(datadir.get_data_dir())
print(folder.name, "proj.db" in os.listdir(folder), len(os.listdir(folder)) > 5)
transformer = Transformer.from_crs("EPSG:4326", "EPSG:32632", always_xy=True)
print([round(value, 3) for value in transformer.transform(10.75, 59.91)])
print([round(value, 6) for value in transformer.transform(500000, 6640000, direction="INVERSE")])
crs = CRS.from_epsg(3857)
print(crs.name, crs.area_of_use.name, crs.to_wkt()[:40], CRS("WGS 84").to_authority())
print([round(value, 3) for value in Geod(ellps="WGS84").inv(10.75, 59.91, 12.49, 41.9)])
print(len(query_crs_info(auth_name="EPSG", pj_types="PROJECTED_CRS")) > 1000, pyproj.get_ellps_map()["bessel"]["a"])
try:
    CRS.from_epsg(999999)
except pyproj.exceptions.CRSError as error:
    print(type(error).__name__, str(error)[:60])

database = folder / "proj.db"
for query in ("mode=ro", "immutable=1", "mode=ro&immutable=1"):
    connection = sqlite3.connect(f"file:{database}?{query}", uri=True)
    rows = connection.execute("SELECT name FROM ellipsoid WHERE auth_name = 'EPSG' ORDER BY code LIMIT 3").fetchall()
    print(query, rows, connection.execute("PRAGMA integrity_check(1)").fetchone() if "immutable" in query else "")
    try:
        connection.execute("CREATE TABLE more (x)")
    except sqlite3.OperationalError as error:
        print(error)
    connection.close()
own = Path(__file__).parent / "tables.sql"
connection = sqlite3.connect(":memory:")
connection.executescript(own.read_text())
connection.execute("ATTACH ? AS proj", (f"file:{database}?mode=ro",)) if sqlite3.sqlite_version_info < (3,) else None
print(connection.execute("SELECT count(*), sum(x) FROM own").fetchone())
try:
    sqlite3.connect(f"file:{database}.missing?mode=ro", uri=True)
except sqlite3.OperationalError as error:
    print(error)
