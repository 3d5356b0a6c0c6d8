"""shapely: GEOS, a C++ library behind a C interface, with numpy's ufuncs."""

from importlib.metadata import version

import numpy as np
import shapely
from shapely import wkt
from shapely.geometry import Point, Polygon
from shapely.ops import unary_union

print("shapely", version("shapely"), "GEOS", shapely.geos_version_string, flush=True)
square = Polygon([(0, 0), (4, 0), (4, 4), (0, 4)])
disc = Point(4, 4).buffer(2)
print(round(square.intersection(disc).area, 6), square.touches(Point(0, 0)), square.contains(Point(1, 1)))
print(unary_union([square, disc]).is_valid, shapely.area(np.array([square, disc])).round(6).tolist())
tree = shapely.STRtree([Point(number, number) for number in range(10)])
print(tree.query(square).tolist(), tree.nearest(Point(7.4, 7)), wkt.loads("POINT (1 2)").coords[0])
print(shapely.is_valid_reason(Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])), shapely.to_geojson(Point(1, 2)))
try:
    wkt.loads("NOTHING")
except shapely.errors.ShapelyError as error:
    print(type(error).__name__, error)
