"""duckdb: SQL in memory, JSON and time zones of the extensions built in, errors from C++."""

from importlib.metadata import version

import duckdb

print("duckdb", duckdb.__version__, version("duckdb"), flush=True)
connection = duckdb.connect(":memory:", config={"threads": 2})
connection.execute("CREATE TABLE sale AS SELECT i, i % 7 AS shop, i * 1.5 AS price FROM range(10000) r(i)")
print(connection.sql("SELECT shop, count(*) n, sum(price) total FROM sale GROUP BY shop ORDER BY shop").fetchall())
print(connection.sql("SELECT i, sum(price) OVER (ORDER BY i ROWS 2 PRECEDING) FROM sale LIMIT 4"))
print(connection.execute("SELECT ? + 1, list(x ORDER BY x DESC) FROM range(3) t(x)", [41]).fetchall())
print(connection.execute("""SELECT '{"a": [1, {"b": "ü"}]}'::JSON ->> '$.a[1].b', {'x': 1, 'y': DATE '2024-02-29'}""").fetchall())
print(connection.execute("SELECT regexp_extract('frozen-1.2', '(\\d+)\\.(\\d+)', 2), strftime(DATE '2024-02-29', '%d %b')").fetchall())
print(connection.sql("SELECT extension_name FROM duckdb_extensions() WHERE loaded ORDER BY 1").fetchall())
print(connection.execute("SELECT md5('a'), hash(1), 1::HUGEINT << 100, approx_count_distinct(i) > 9000 FROM sale").fetchall())
connection.create_function("double", lambda x: x * 2, [int], int)
print(connection.sql("SELECT double(i::BIGINT) FROM sale LIMIT 3").fetchall())
print(connection.execute("SUMMARIZE SELECT price FROM sale").fetchall()[0][:4], connection.sql("FROM sale").types)
for query in ("SELECT nothing FROM sale", "SELEC 1", "SELECT 'a'::INT", "SELECT * FROM 'missing.parquet'"):
    try:
        connection.sql(query).fetchall()
    except duckdb.Error as error:
        print(type(error).__name__, str(error).splitlines()[0])
connection.remove_function("double")
connection.close()
