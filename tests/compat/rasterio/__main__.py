"""rasterio: GDAL with its data folder and PROJ's database, a raster in memory, plugins and errors from C++."""

from importlib.metadata import version

import numpy as np
import rasterio
from rasterio import features, warp
from rasterio.crs import CRS
from rasterio.io import MemoryFile
from rasterio.transform import from_origin

print("rasterio", version("rasterio"), "GDAL", rasterio.__gdal_version__, flush=True)
data = np.arange(600, dtype="float32").reshape(20, 30)
transform = from_origin(10, 60, 0.1, 0.1)
profile = {"driver": "GTiff", "width": 30, "height": 20, "count": 1, "dtype": "float32", "crs": "EPSG:4326", "transform": transform}
with MemoryFile() as memory:
    with memory.open(**profile, compress="deflate") as raster:
        raster.write(data, 1)
        raster.update_tags(name="frözen")
    with memory.open() as raster:
        print(raster.crs, raster.bounds, raster.tags()["name"], float(raster.read(1).sum()), raster.profile["compress"])
        print(list(raster.sample([(10.55, 59.55)]))[0].tolist())
print([round(value, 1) for value in warp.transform("EPSG:4326", "EPSG:32632", [10.75], [59.91])[0]])
print(CRS.from_epsg(3857).to_wkt()[:30], warp.calculate_default_transform("EPSG:4326", "EPSG:3857", 30, 20, 10, 58, 13, 60)[1:])
print(len(list(features.shapes((data > 300).astype("uint8")))), "JPEG" in rasterio.drivers.raster_driver_extensions().values())
for action in (lambda: rasterio.open("/missing.tif"), lambda: CRS.from_epsg(999999)):
    try:
        action()
    except (rasterio.errors.RasterioError, rasterio.errors.CRSError) as error:
        print(type(error).__name__, str(error)[:90])
