"""Turn frames of a video upright and make them of square pixels, without leaving FFmpeg."""

from __future__ import annotations

from av.filter import Graph
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

_MOST = 1080
"""Pixels of the shorter side; longer parts are made smaller, so that they are done in time."""
_MOST_OF_LONG = 720
_LONG = 30.0
"""Seconds."""
_WIDEST = 5
_TURNS = {
    90: ("transpose=cclock",),
    -90: ("transpose=clock",),
    180: ("hflip", "vflip"),
    -180: ("hflip", "vflip"),
}
"""Filters by the degrees by which a player turns a frame, counterclockwise."""


class Upright:
    """Makes frames of one stream upright, even-sided, and small enough to be encoded in time."""

    def __init__(self, stream: VideoStream, seconds: float) -> None:
        """Take the stream that the frames come from.

        Args:
            seconds: of the part that is encoded.
        """
        self._stream = stream
        self._most = _MOST if seconds <= _LONG else _MOST_OF_LONG
        self._graph: Graph | None = None
        self._form: tuple[int, int, str] | None = None

    def __call__(self, frame: VideoFrame) -> VideoFrame:
        """Return a frame as a player shows it, yuv420p."""
        form = frame.width, frame.height, frame.format.name
        if self._graph is None:
            self._graph, self._form = self._graph_for(frame), form
        elif form != self._form:  # a stream may change its size; its file keeps the first one
            assert self._form is not None
            frame = frame.reformat(self._form[0], self._form[1], self._form[2])
        self._graph.push(frame)
        made = self._graph.pull()
        assert isinstance(made, VideoFrame)
        return made

    def _graph_for(self, frame: VideoFrame) -> Graph:
        ratio = self._stream.sample_aspect_ratio
        wide = float(ratio) if ratio and 1 / _WIDEST <= ratio <= _WIDEST else 1.0
        width, height = max(2.0, frame.width * wide), float(frame.height)
        scale = min(1.0, self._most / min(width, height))
        size = [max(2, 2 * round(side * scale / 2)) for side in (width, height)]
        graph = Graph()
        steps = [graph.add_buffer(template=self._stream)]
        filters = [f"scale={size[0]}:{size[1]}", *_TURNS.get(round(frame.rotation), ())]
        for each in (*filters, "setsar=1", "format=yuv420p"):
            name, _, options = each.partition("=")
            steps.append(graph.add(name, options or None))
        graph.link_nodes(*steps, graph.add("buffersink")).configure()
        return graph
