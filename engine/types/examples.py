"""The values that a caller may give as an example of what is looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import os
    from typing import Any

    from numpy.typing import NDArray
    from PIL import Image

    from engine.types.query import QueryPart
    from engine.types.results import Hit

ExampleFile: TypeAlias = "str | os.PathLike[str] | bytes | Hit | QueryPart"
"""A path, a URL, the bytes of a file, a moment that a search found, or a part of a query."""
Picture: TypeAlias = "ExampleFile | NDArray[Any] | Image.Image"
"""An example file, an array (height, width), (height, width, 3) or (height, width, 4) of uint8
or of floats from 0 to 1, or a picture of PIL."""
Sound: TypeAlias = "ExampleFile | tuple[NDArray[Any], int] | tuple[int, NDArray[Any]]"
"""An example file, or samples (n,) or (n, channels) of floats from -1 to 1, int16 or int32 with
their rate in Hz, as soundfile and SciPy read them."""
Region: TypeAlias = "tuple[float, float, float, float]"
"""A part of a picture: x and y of its upper left corner, width and height, each as a fraction
of the picture's own."""
Example: TypeAlias = "Picture | Sound"
"""Any example: its content says whether it is a picture or a sound."""
