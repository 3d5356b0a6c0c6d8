"""SQLAlchemy on SQLite: models, queries, events, its compiled helpers, and the asyncio side by way of greenlet."""

import asyncio
from importlib.metadata import version

import greenlet
import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import registry
from sqlalchemy.util import await_only, greenlet_spawn
from sqlalchemy.util import _collections_cy

print("SQLAlchemy", version("sqlalchemy"), "greenlet", version("greenlet"), flush=True)
print("compiled", sa.util.has_compiled_ext(), _collections_cy._is_compiled(), greenlet.getcurrent().dead)


class Base(orm.DeclarativeBase):
    """The models' base."""


class Author(Base):
    """One."""

    __tablename__ = "author"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(30), unique=True)
    books: orm.Mapped[list["Book"]] = orm.relationship(back_populates="author", order_by="Book.title")


class Book(Base):
    """Many."""

    __tablename__ = "book"
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    title: orm.Mapped[str]
    price: orm.Mapped[float] = orm.mapped_column(sa.Numeric(10, 2, asdecimal=False))
    author_id: orm.Mapped[int] = orm.mapped_column(sa.ForeignKey("author.id"))
    author: orm.Mapped[Author] = orm.relationship(back_populates="books")


engine = sa.create_engine("sqlite://")
Base.metadata.create_all(engine)
with orm.Session(engine) as session:
    session.add(Author(name="Ann", books=[Book(title="Zebra", price=3), Book(title="Ape", price=4.5)]))
    session.add(Author(name="Bö"))
    session.commit()
    query = sa.select(Author.name, sa.func.count(Book.id), sa.func.sum(Book.price)).outerjoin(Book).group_by(Author.name)
    print(query)
    print(session.execute(query.order_by(Author.name)).all())
    author = session.scalars(sa.select(Author).options(orm.selectinload(Author.books))).first()
    print(author.name, [book.title for book in author.books])
    try:
        session.add(Author(name="Ann"))
        session.commit()
    except sa.exc.IntegrityError as error:
        print(error)
print(sa.inspect(engine).get_columns("book")[1]["type"], sa.inspect(engine).get_foreign_keys("book")[0]["referred_table"])


async def main():
    """What the asyncio extension does below: plain code that awaits inside a greenlet."""

    def plain():
        return await_only(asyncio.sleep(0.01, "awaited in a greenlet"))

    print(await greenlet_spawn(plain))


asyncio.run(main())
for name in ("postgresql.psycopg", "mysql.pymysql", "oracle.oracledb"):
    print(registry.load(name).__name__, registry.load(name).driver)
try:
    sa.create_engine("nothing://")
except sa.exc.NoSuchModuleError as error:
    print(error)
