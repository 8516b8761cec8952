"""Every claim is planned with its comparisons, the paper's effect and the files that it reads."""

from pathlib import Path

import pytest
from helpers.plans import planned

from glalign.planning.claim_specs import ClaimsSpec
from glalign.planning.plan import Plan
from glalign.planning.printed_claims import read_claims
from glalign.support.errors import UserError


def spec_of(plan: Plan) -> ClaimsSpec:
    spec = plan.job("claims").spec
    assert isinstance(spec, ClaimsSpec)
    return spec


@pytest.fixture(scope="module")
def demo() -> ClaimsSpec:
    return spec_of(planned())


def test_sixteen_claims_are_compared_as_the_paper_prints_them(demo: ClaimsSpec) -> None:
    found = {claim.claim: claim.comparisons for claim in demo.claims}
    assert list(found) == [f"C{number}" for number in range(1, 17)]
    assert [len(found[claim]) for claim in ("C1", "C2", "C6", "C14", "C15")] == [8, 4, 3, 13, 10]
    assert [one.printed for one in found["C3"]] == ["6.54", "7.84"]
    assert [one.printed for one in found["C6"]] == ["2.10", "-1.84", "-1.58"]
    # 5.4: SE1 to SE3 -15.35 against -22.03, and 65.40 / 80.75 - 51.35 / 73.38 in percent.
    assert [one.printed for one in found["C15"][:2]] == ["6.68", "11.01"]
    assert [one.printed for one in (*found["C11"], *found["C12"], *found["C13"])] == [
        "89.3",
        "87.4",
        "83.3",
        "18.50",
        "",
        "",
    ]
    assert not any(one.note for own in found.values() for one in own)


def test_the_job_reads_what_its_comparisons_name() -> None:
    job = planned().job("claims")
    assert {"results/translation.csv", "results/alpha/scores.json", "results/coverage/vn3k.json"} <= set(job.inputs)
    ranks = [path for path in job.inputs if path.endswith(".jsonl")]
    assert len(ranks) == 32  # the cells of tables 4 to 11
    assert {path.removesuffix(".jsonl") + ".json" for path in ranks} <= set(job.inputs)


def test_every_seed_is_read() -> None:
    (first, _) = spec_of(planned({"seeds": [0, 1, 2]})).claims[0].comparisons[0].sides
    assert [path.split("/")[-2] for path in first.ranks] == ["seed0", "seed1", "seed2"]


def test_what_has_not_run_has_no_files_and_says_why() -> None:
    spec = spec_of(planned({"datasets": {"v2e": {"translated": None}}, "alpha": {"values": [0.5, 0.8]}}))
    found = {claim.claim: claim.comparisons for claim in spec.claims}
    (supported,) = found["C7"]
    assert supported.sides == ()
    assert supported.note.startswith("not run: SE4, glalign: no data: datasets.v2e has neither root")
    assert [one.note for one in found["C13"]] == ["not run: alpha.values has no 0.2", ""]
    spec = spec_of(planned({"systems": {"rasa": {"class": None}}}))
    assert "not run: SE1, rasa: this system is not part" in spec.claims[0].comparisons[-1].note
    assert not any(one.note for one in spec.claims[0].comparisons[:-1])


def test_a_broken_file_of_claims_is_named(tmp_path: Path) -> None:
    path = tmp_path / "claims.yaml"
    path.write_text("claims: [{claim: C1, text: t, where: w, comparisons: [{kind: gap, first: [SE9, a]}]}]")
    with pytest.raises(UserError, match=r"claims\.yaml: key `claims\.0\.comparisons\.0\.gap\.first.*restore it"):
        read_claims(path)


@pytest.mark.parametrize("other", ["rank: 5", "queries: shared", "equal_gallery: true"])
def test_mcnemar_of_what_is_not_paired_is_refused(tmp_path: Path, other: str) -> None:
    path = tmp_path / "claims.yaml"
    gap = f"{{kind: gap, first: [SE1, a], second: [SE1, b], test: mcnemar, {other}}}"
    path.write_text(f"claims: [{{claim: C1, text: t, where: w, comparisons: [{gap}]}}]")
    with pytest.raises(UserError, match=r"gap\.test.*McNemar's test is of Rank-1 on the same queries"):
        read_claims(path)
