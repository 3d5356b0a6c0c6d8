# SQLite has Python's usual defaults: foreign keys off, the usual extensions on.
#| ExpectStdout: 0 True True True True
import sqlite3

connection = sqlite3.connect(":memory:")
options = {row[0] for row in connection.execute("PRAGMA compile_options")}
print(connection.execute("PRAGMA foreign_keys").fetchone()[0], "ENABLE_FTS5" in options, "ENABLE_RTREE" in options, not any(option.startswith("OMIT_JSON") for option in options), "THREADSAFE=1" in options)
