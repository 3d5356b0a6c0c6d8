"""PyAV: FFmpeg's libraries, forty of them needing each other; a film made and read in memory."""

import io
from importlib.metadata import version

import av
import numpy as np

print("av", version("av"), sorted(av.library_versions), flush=True)
file = io.BytesIO()
with av.open(file, "w", format="matroska") as container:
    stream = container.add_stream("mpeg4", rate=10)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for number in range(10):
        picture = np.full((48, 64, 3), number * 20, np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
    container.mux(stream.encode())
file.seek(0)
with av.open(file) as container:
    stream = container.streams.video[0]
    frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    print(container.format.name, stream.codec_context.name, len(frames), [int(frame.mean()) for frame in frames][:4])
print(len(av.codecs_available) > 300, av.codec.Codec("aac", "w").long_name, "h264" in av.codecs_available)
try:
    av.open(io.BytesIO(b"no film at all"))
except av.error.FFmpegError as error:
    print(type(error).__name__)
