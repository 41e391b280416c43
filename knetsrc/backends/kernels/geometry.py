"""What a convolution is, apart from its numbers: sizes in, window, steps, sizes out."""

from dataclasses import dataclass, replace
from functools import cached_property
from math import prod


@dataclass(frozen=True)
class Geometry:
    """The spatial part of a convolution, of one to three dimensions.

    Parameters
    ----------
    image
        Spatial shape of the input.
    window
        Spatial shape of the filter.
    padding
        Zeros before and after each axis of the image.
    stride
        Steps of the window along each axis.
    dilation
        Distance of neighbouring taps of the window along each axis.
    groups
        Number of groups that the channels are divided into.

    Examples
    --------
    >>> Geometry((28, 28), (5, 5), ((0, 0), (2, 2)), (1, 2), (1, 1), 1).output
    (24, 14)
    """

    image: tuple[int, ...]
    window: tuple[int, ...]
    padding: tuple[tuple[int, int], ...]
    stride: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int

    @cached_property
    def output(self) -> tuple[int, ...]:
        """Spatial shape of the output."""
        axes = zip(self.padded, self.reach, self.stride, strict=True)
        return tuple((size - reach) // step + 1 for size, reach, step in axes)

    @cached_property
    def padded(self) -> tuple[int, ...]:
        """Spatial shape of the input with its padding."""
        axes = zip(self.image, self.padding, strict=True)
        return tuple(before + size + after for size, (before, after) in axes)

    @cached_property
    def reach(self) -> tuple[int, ...]:
        """Extent of the dilated window along each axis."""
        axes = zip(self.window, self.dilation, strict=True)
        return tuple((taps - 1) * apart + 1 for taps, apart in axes)

    @cached_property
    def taps(self) -> int:
        """Number of elements of the window."""
        return prod(self.window)

    def as_volume(self) -> "Geometry":
        """The same convolution in three dimensions: leading axes of one."""
        missing = 3 - len(self.image)
        ones = (1,) * missing
        return replace(
            self,
            image=ones + self.image,
            window=ones + self.window,
            padding=((0, 0),) * missing + self.padding,
            stride=ones + self.stride,
            dilation=ones + self.dilation,
        )
