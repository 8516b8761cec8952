"""Resize and centre crop (D25): which part of an image remains when it is resized until it covers a size."""

Size = tuple[int, int]
"""(height, width) in pixels."""

Window = tuple[float, float, float, float]
"""Top, left, bottom and right of a part of an image, as shares of its height and width."""

WHOLE: Window = (0.0, 0.0, 1.0, 1.0)


def covering(image: Size, size: Size) -> Size:
    """Return the smallest size in the shape of `image` that covers `size`; the longer side is rounded down.

    For a square it is the size of torchvision's `Resize(side)`, as in the preprocessing of OpenAI's CLIP.

    >>> covering((128, 64), (224, 224)), covering((128, 64), (64, 64)), covering((100, 101), (384, 128))
    ((448, 224), (128, 64), (384, 387))
    """
    (tall, wide), (height, width) = image, size
    if wide * height >= width * tall:
        return height, wide * height // tall
    return tall * width // wide, width


def centre_corner(whole: Size, size: Size) -> tuple[int, int]:
    """Return top and left of the centre of `size`; a half is rounded to the even number, as torchvision's `CenterCrop`.

    >>> centre_corner((448, 224), (224, 224))
    (112, 0)
    """
    return round((whole[0] - size[0]) / 2), round((whole[1] - size[1]) / 2)


def centre_window(image: Size, size: Size) -> Window:
    """Return the part of an image that remains of its `covering` resize when the centre of `size` is cut out.

    >>> centre_window((128, 64), (224, 224))
    (0.25, 0.0, 0.75, 1.0)
    """
    (height, width), whole = size, covering(image, size)
    top, left = centre_corner(whole, size)
    return top / whole[0], left / whole[1], (top + height) / whole[0], (left + width) / whole[1]
