"""A plan refuses what a manifest, a scoring or a test would: people who are not there, and queries that do not pair."""

import pytest
from helpers.plans import planned

from glalign.planning.plan import Plan
from glalign.support.errors import UserError


def every_job(plan: Plan) -> None:
    """Ask for every job, as a dry run of everything does; the order over seeds takes more of them than the demo has."""
    for stage in plan.jobs.keys() - {"order"}:
        for job in plan.jobs[stage].values():
            plan.job(stage, **job.ids)


REAL = {"root": "data/x", "format": "vn3k_vi"}
IMAGES = {"identities": None}


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        (
            {"datasets": {"vn3k": {"holdout": 10_000, "synthetic": {"val": 0}}}},
            r"datasets\.vn3k\.holdout: 10000 of 320 people to train on; choose 0 to 319",
        ),
        ({"datasets": {"vn3k": {"holdout": 20}}}, r"datasets\.vn3k\.holdout: 20, but it has 60 people for validation"),
        (
            {"datasets": {"vn3k": {**REAL, "splits": {"val": None}, "holdout": 2000}}},
            r"datasets\.vn3k\.holdout: 2000 of 2000 people to train on; choose 0 to 1999",
        ),
        (
            {"testsets": {"vn3k_100": {"identities": 161}}},
            r"testsets\.vn3k_100\.identities: 161 of 160 people in its splits; choose 1 to 160, or null for all",
        ),
        (
            {"testsets": {"vn3k_3000": {"identities": 541}}},
            r"testsets\.vn3k_3000\.identities: 541 of 540 people in its splits",
        ),
        (
            {
                "datasets": {"vn3k": {**REAL, "splits": {"val": None}}},
                "testsets": {"vn3k_100": {**IMAGES, "images": 2001}},
            },
            r"testsets\.vn3k_100\.images: 2001 of 2000 images in its splits; choose 1 to 2000, or null for all",
        ),
    ],
)
def test_more_people_than_there_are_is_refused(overlay: dict, message: str) -> None:
    with pytest.raises(UserError, match=f"configuration: {message}"):
        every_job(planned(overlay))


@pytest.mark.parametrize(
    "overlay",
    [
        {"datasets": {"vn3k": {"holdout": 319, "synthetic": {"val": 0}}}},
        {"testsets": {"vn3k_100": {"identities": 160}}},
        {"testsets": {"vn3k_3000": {"identities": 540}}},
        {"testsets": {"vn3k_100": {**IMAGES, "images": 9999}}},  # how many images are drawn is not known before
        {"datasets": {"vn3k": {**REAL, "splits": {"val": None}}}, "testsets": {"vn3k_100": {**IMAGES, "images": 2000}}},
        {"datasets": {"vn3k": {**REAL, "label": "mine", "splits": {"val": None}, "holdout": 5000}}},
        {"datasets": {"vn3k": {**REAL, "splits": {"val": None}, "holdout": 3000, "allow_partial": True}}},
    ],
)
def test_what_may_be_there_is_planned(overlay: dict) -> None:
    every_job(planned(overlay))


@pytest.mark.parametrize(
    ("pair", "reason"),
    [
        ({"SE1": "SE1"}, "SE1: SE1 has captions in en, too"),
        ({"SE2": "SE3"}, "SE2: SE3 has captions in en, too"),
        ({"SE1": "SV3"}, "SE1: SV3 has other people, splits in its test set"),
        ({"SE2": "SV2"}, "SE2: SV2 has other identities, draws in its test set"),
    ],
)
def test_languages_are_compared_on_the_same_queries(pair: dict[str, str], reason: str) -> None:
    with pytest.raises(UserError, match=f"configuration: mcnemar.languages.{reason}; name a scenario with the same"):
        every_job(planned({"mcnemar": {"languages": pair}}))


def test_scenarios_that_nothing_runs_in_pair_no_queries() -> None:
    absent = {"cuhk_en": {"synthetic": None}, "cuhk_vi": {"translated": None}}
    every_job(planned({"mcnemar": {"languages": {"SE1": "SE1"}}, "datasets": absent}))
    every_job(planned({"mcnemar": {"languages": {}}}))


def test_what_a_target_does_not_need_is_not_refused() -> None:
    plan = planned({"testsets": {"vn3k_100": {"identities": 161}}})
    assert plan.job("predict", system="irra", trainset="cuhk_en", seed=0, testset="cuhk_en")
    with pytest.raises(UserError, match="161 of 160"):
        plan.job("predict", system="glalign", trainset="cuhk_vi", seed=0, testset="vn3k_100")
