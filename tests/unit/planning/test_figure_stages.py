"""What the figures are made of, and what they may show."""

from helpers.plans import planned

from glalign.planning.figure_stages import HARDEST_NAMES, ExamplesSpec, FigureSpec


def test_the_demo_draws_both_figures_with_every_cause():
    plan = planned()
    spec = plan.job("examples").spec
    assert isinstance(spec, ExamplesSpec)
    assert [one.language for one in spec.parsing] == ["en", "vi"]
    assert [one.cause for one in spec.failures] == list(HARDEST_NAMES)
    assert not any(one.note for one in (*spec.parsing, *spec.failures))
    assert {"results/figure2.json", "results/figure3.json"} <= set(plan.targets())
    assert {"results/figure2.pdf", "results/figure3.tex", "results/tables.pdf"} <= set(plan.typeset())
    assert not set(plan.targets()) & set(plan.typeset())
    made = {path for job in plan.jobs["figures"].values() for path in job.inputs}
    assert {"results/parts/cuhk_en", "results/parts/vn3k", "results/data/cuhk_vi/imgs"} <= made


def test_a_figure_without_its_systems_or_data_says_why():
    spec = planned({"systems": {"glalign_global": {"languages": ["en"]}}}).job("examples").spec
    assert {one.cause: one.note for one in spec.failures} == {
        "ambiguity": "", "light": spec.failures[1].note, "occlusion": "", "translation": spec.failures[3].note,
    }  # fmt: skip
    assert "GLAlign, global only has not run: it reads captions in en, not in vi" in spec.failures[1].note
    absent = planned({"datasets": {"vn3k": {"synthetic": None}, "v2e": {"translated": None}}}).job("examples").spec
    assert "no data: datasets.vn3k" in absent.parsing[1].note
    assert absent.parsing[1].manifest == ""


def test_released_data_are_shown_only_where_the_configuration_permits_it():
    release = {"datasets": {"cuhk_en": {"root": "data/CUHK-PEDES", "synthetic": None}}}
    hidden, shown = (planned(release | {"page": {"permitted": names}}) for names in ([], ["cuhk_en"]))
    for plan, expected in ((hidden, False), (shown, True)):
        assert plan.job("examples").spec.parsing[0].shown is expected
        figure = plan.job("figures", figure="2").spec
        assert isinstance(figure, FigureSpec)
        assert ("cuhk_en" in figure.images, "cuhk_en" in figure.parts) == (expected, expected)
    ambiguity = hidden.job("examples").spec.failures[0]
    assert ambiguity.note == "the data do not say what makes their queries hard"
