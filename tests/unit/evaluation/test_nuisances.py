"""Levels of nuisances of a made-up truth, whose queries are counted by hand."""

import numpy as np

from glalign.evaluation.nuisances import fitting_people, levels

GAINS = (0.7, 0.8, 0.9, 1.0, 1.1, 1.2)
OCCLUDERS = ("none", "bush", "none", "none", "pole", "none")
COLOURS = ("red", "red", "blue", "blue", "green", "red")
QUERIES = [f"p/{number}.jpg#{index}" for number in range(6) for index in range(2)]
PERSONS = [number // 2 for number in range(6) for _ in range(2)]  # two images of each person


def truth() -> dict:
    """Six images of three people. The first caption names a colour, the second a hat, which two images show."""
    made = {}
    for number, colour in enumerate(COLOURS):
        visible = {"upper_colour": colour} | ({"hat": "cap"} if number == 0 else {"hat": "none"} if number == 2 else {})
        nuisance = {"gain": GAINS[number], "blur": 1 - GAINS[number] / 2, "occluder": OCCLUDERS[number]}
        facts = [[["upper_colour", colour]], [["hat", "cap"]]]
        made[f"p/{number}.jpg"] = {"visible": visible, "facts": facts, "nuisance": nuisance}
    made["p/5.jpg"]["nuisance"]["passer"] = True
    made["p/9.jpg"] = {"visible": {"upper_colour": "red"}, "facts": [], "nuisance": {}}  # of another split
    return made


def images(queries: np.ndarray) -> set[int]:
    return {place // 2 for place in np.flatnonzero(queries)}


def test_light_and_blur_have_thirds_of_the_images_with_the_easiest_first() -> None:
    light = levels("light", truth(), None, QUERIES, PERSONS)
    assert [(one.name, one.span) for one in light] == [
        ("bright", "1.10 to 1.20"), ("medium", "0.90 to 1.00"), ("dark", "0.70 to 0.80"),
    ]  # fmt: skip
    assert [images(one.queries) for one in light] == [{4, 5}, {2, 3}, {0, 1}]
    blur = levels("blur", truth(), None, QUERIES, PERSONS)
    assert [one.name for one in blur] == ["sharp", "medium", "blurred"]
    assert images(blur[0].queries) == {4, 5}


def test_whoever_stands_before_the_person_covers_it() -> None:
    free, covered = levels("occlusion", truth(), None, QUERIES, PERSONS)
    assert images(free.queries) == {0, 2, 3}
    assert images(covered.queries) == {1, 4, 5}


def test_a_caption_fits_the_people_of_whom_an_image_contradicts_no_fact() -> None:
    people = fitting_people(truth(), QUERIES, PERSONS)
    # Red: persons 0 and 2. Blue: 1. Green: 2. A cap: all, since images 1, 3, 4 and 5 do not show the head.
    assert people.tolist() == [2, 3, 2, 3, 1, 3, 1, 3, 1, 3, 2, 3]
    one, several = levels("ambiguity", truth(), None, QUERIES, PERSONS)
    assert (one.span, several.span) == ("1", "2 to 3")
    assert one.queries.sum() + several.queries.sum() == len(QUERIES)


def test_wrong_phrases_of_body_parts_count_and_others_do_not() -> None:
    phrases = [{"region": "HEAD", "wrong": False}, {"region": None, "wrong": True}]
    wrong = [{"region": "SHOES", "wrong": True}, *phrases]
    translation = {f"p/{number}.jpg": [{"phrases": phrases}, {"phrases": wrong}] for number in range(6)}
    right, wrong_level = levels("translation", truth(), translation, QUERIES, PERSONS)
    assert right.queries.tolist() == [True, False] * 6
    assert wrong_level.queries.tolist() == [False, True] * 6
    assert levels("translation", truth(), None, QUERIES, PERSONS) == []
