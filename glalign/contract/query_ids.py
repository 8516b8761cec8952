"""The id of a query: `<image>#<caption>`, after `draw<number>/` where a test set is drawn several times (D12)."""

import re
from typing import NamedTuple

DRAW = "draw"
DRAWN = re.compile(rf"(?P<draw>{DRAW}\d+)/", re.ASCII)
ID = re.compile(rf"(?:{DRAWN.pattern})?(?P<image>.*?)(?:#(?P<caption>\d{{1,9}}))?", re.ASCII | re.DOTALL)


class QueryId(NamedTuple):
    """What an id says. caption: its place among those of the image. Draw and caption are None where it names none."""

    draw: str | None
    image: str
    caption: int | None

    @property
    def key(self) -> tuple[str, int | None]:
        """The caption, as phrases and captions by key name it: the same in every draw."""
        return self.image, self.caption


def query_id(image: str, caption: int | None) -> str:
    """The id of a caption of an image."""
    return image if caption is None else f"{image}#{caption}"


def split_query(query: str) -> QueryId:
    """The parts of a query's id.

    >>> split_query("draw3/street/a#b.jpg#1")
    QueryId(draw='draw3', image='street/a#b.jpg', caption=1)
    >>> split_query("a.png#0")
    QueryId(draw=None, image='a.png', caption=0)
    """
    found = ID.fullmatch(query)
    assert found  # an empty text is an id, too
    return QueryId(found["draw"], found["image"], int(found["caption"]) if found["caption"] else None)


def draw_of(query: str) -> str | None:
    """The draw that an id names, as `split_query` says, and faster: every row of a ranks file is asked for it."""
    found = DRAWN.match(query)
    return found["draw"] if found else None


def in_first_draw(query: str) -> bool:
    """Whether a query is of the only or the first draw of its test set: counted once where others count by draw."""
    return draw_of(query) in (None, f"{DRAW}0")
