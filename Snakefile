"""`snakemake --cores 1 results/table4.tex`: the workflow itself is in workflow/."""


include: "workflow/Snakefile"


# An included file cannot name the default target.
rule default:
    default_target: True
    input:
        rules.all.input,
