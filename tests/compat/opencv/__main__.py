"""OpenCV: filters, features, codecs, files beside the program opened by path in C++, and exceptions from C++."""

import hashlib
import os
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np

print("opencv", cv2.__version__, version("opencv-python-headless"), flush=True)
HERE = Path(__file__).parent
cv2.setNumThreads(2)
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def digest(image):
    """A short name for an image's exact pixels."""
    return image.shape, hashlib.sha256(np.ascontiguousarray(image).tobytes()).hexdigest()[:16]


image = np.zeros((120, 160, 3), np.uint8)
cv2.rectangle(image, (20, 20), (90, 80), (0, 200, 50), -1)
cv2.circle(image, (110, 70), 30, (250, 10, 10), 3)
cv2.putText(image, "frozen", (10, 110), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (255, 255, 255), 2)
print("drawn", digest(image))
grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY)
print("blur", digest(cv2.GaussianBlur(grey, (5, 5), 1.5)), "edges", int(cv2.Canny(grey, 50, 150).sum()))
contours, _ = cv2.findContours(cv2.threshold(grey, 60, 255, cv2.THRESH_BINARY)[1], cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
print("contours", sorted(cv2.contourArea(contour) for contour in contours))
points, features = cv2.ORB_create(50).detectAndCompute(grey, None)
print("orb", len(points), features.shape)
print("warp", digest(cv2.warpAffine(grey, cv2.getRotationMatrix2D((80, 60), 30, 1), (160, 120))))
for kind in (".png", ".jpg", ".webp", ".tiff", ".bmp"):
    is_good, data = cv2.imencode(kind, image)
    print(kind, is_good, digest(cv2.imdecode(data, cv2.IMREAD_COLOR)))
print("picture by path", digest(cv2.imread(str(HERE / "picture.ppm"))), cv2.imread(str(HERE / "missing.ppm")))
storage = cv2.FileStorage(str(HERE / "camera.yml"), cv2.FILE_STORAGE_READ)
print("storage by path", storage.getNode("name").string(), storage.getNode("matrix").mat().tolist())
print("data", os.path.isdir(cv2.data.haarcascades), os.path.basename(cv2.__file__))
print("solve", cv2.solve(np.float64([[2, 1], [1, 3]]), np.float64([[3], [5]]))[1].ravel().round(6).tolist())
codes = cv2.QRCodeEncoder_create().encode("frozen")
print("qr", cv2.QRCodeDetector().detectAndDecode(cv2.copyMakeBorder(cv2.resize(codes, None, fx=8, fy=8, interpolation=0), 40, 40, 40, 40, 0, value=255))[0])
try:
    cv2.resize(np.zeros((0, 0)), (5, 5))
except cv2.error as error:
    print(type(error).__name__, error.err, error.func)
