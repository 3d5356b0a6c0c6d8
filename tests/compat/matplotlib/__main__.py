"""matplotlib: a picture drawn by Agg with the package's own fonts and a style file, as PNG, SVG and PDF."""

import io
from importlib.metadata import version
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib import font_manager, mathtext
from PIL import Image

print("matplotlib", version("matplotlib"), "numpy", version("numpy"), flush=True)


def saved(figure, kind):
    """The figure's bytes in a format."""
    file = io.BytesIO()
    figure.savefig(file, format=kind, dpi=80, metadata={"Date": None} if kind == "svg" else None)
    file.seek(0)
    return file


print("styles", len(plt.style.available), "ggplot" in plt.style.available)
plt.style.use("ggplot")
plt.style.use(Path(__file__).parent / "house.mplstyle")
print("rc", plt.rcParams["axes.facecolor"], plt.rcParams["lines.linewidth"], plt.rcParams["font.family"])
font = font_manager.findfont("DejaVu Sans")
print("font", Path(font).name, font_manager.get_font(font).num_glyphs, font_manager.FontProperties(fname=font).get_name())
print("maps", plt.get_cmap("viridis")(0.5), len(matplotlib.colormaps))

figure, (left, right) = plt.subplots(1, 2, figsize=(6, 3))
x = np.linspace(0, 6, 100)
left.plot(x, np.sin(x), label=r"$\sin(x)^2 + \frac{1}{2}$")
left.legend()
left.set_title("Größe")
right.imshow(np.outer(x, x), cmap="magma")
right.contour(np.outer(x, x), levels=4, colors="white")
right.annotate("here", (20, 20), (60, 60), arrowprops={"arrowstyle": "->"})
figure.tight_layout()

image = Image.open(saved(figure, "png"))
pixels = np.asarray(image.convert("RGB")).astype(int)
print("png", image.size, image.mode, pixels.sum(axis=(0, 1)).tolist())
svg = saved(figure, "svg").read().decode()
print("svg", svg.count("<path"), svg.count("<use"))
pdf = saved(figure, "pdf").read()
print("pdf", pdf[:8], len(pdf) > 5000, b"DejaVu" in pdf)
print("math", mathtext.MathTextParser("agg").parse(r"$\alpha_i$", dpi=72)[2:5])
