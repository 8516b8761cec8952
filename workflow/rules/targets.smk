"""Targets by name: everything, the twins, and a table that does not exist."""


localrules:
    all,
    pretrain,


# The document of all tables, too, where LaTeX is installed.
rule all:
    input:
        plan.targets(),
        plan.files("document") if can_typeset() else [],


rule pretrain:
    input:
        [
            path
            for stage in ("twin", "vocabulary", "phobert_vocabulary")
            for path in plan.files(stage)
        ],


rule no_such_table:
    input:
        no_such_table,
    output:
        multiext("{}/table{{unknown}}".format(plan.paths.results), ".csv", ".tex"),
    wildcard_constraints:
        unknown=r"(?!(?:{})\.)[^/]+".format(one_of([*plan.jobs["table"], "s"])),
