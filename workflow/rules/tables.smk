"""The paper's tables, and the extended ones with ablations, oracle and random scores; all of them as one PDF."""

from glalign.reporting.document import can_typeset, find_engine


rule table:
    input:
        inputs("table"),
    output:
        csv=layout.template("table", "csv"),
        tex=layout.template("table", "tex"),
    log:
        layout.log("table"),
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("table"),
        code=code("table"),
    shell:
        "python -m glalign tabulate --spec {params.spec:q} --csv {output.csv:q} --tex {output.tex:q} --log {log:q}"


rule alpha_fit:
    input:
        inputs("alpha_fit"),
    output:
        model=layout.template("alpha_fit", "model"),
        run=layout.template("alpha_fit", "run"),
    log:
        layout.log("alpha_fit"),
    benchmark:
        layout.benchmark("alpha_fit")
    conda:
        "../envs/glalign.yaml"
    threads: config.get("threads", 1)
    resources:
        gpu=gpus("alpha_fit"),
    params:
        spec=spec("alpha_fit"),
        code=code("alpha_fit"),
        weights=weights("alpha_fit"),
        folder=lambda wildcards, output: str(Path(output.model).parent),
    shell:
        "python -m glalign fit --spec {params.spec:q} --out {params.folder:q} --code {params.code} --log {log:q}"


rule alpha:
    input:
        inputs("alpha"),
    output:
        csv=layout.template("alpha", "csv"),
        tex=layout.template("alpha", "tex"),
    log:
        layout.log("alpha"),
    conda:
        "../envs/glalign.yaml"
    threads: config.get("threads", 1)
    resources:
        gpu=gpus("alpha"),
    params:
        spec=spec("alpha"),
        code=code("alpha"),
        weights=weights("alpha"),
    shell:
        "python -m glalign alpha --spec {params.spec:q} --csv {output.csv:q} --tex {output.tex:q} --log {log:q}"


rule matrix:
    input:
        inputs("matrix"),
    output:
        csv=layout.template("matrix", "csv"),
        tex=layout.template("matrix", "tex"),
    log:
        layout.log("matrix"),
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("matrix"),
        code=code("matrix"),
    shell:
        "python -m glalign matrix --spec {params.spec:q} --csv {output.csv:q} --tex {output.tex:q} --log {log:q}"


rule seeds:
    input:
        inputs("seeds"),
    output:
        csv=layout.template("seeds", "csv"),
    log:
        layout.log("seeds"),
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("seeds"),
        code=code("seeds"),
    shell:
        "python -m glalign seeds --spec {params.spec:q} --csv {output.csv:q} --log {log:q}"


rule significance:
    input:
        inputs("significance"),
    output:
        csv=layout.template("significance", "csv"),
        tex=layout.template("significance", "tex"),
    log:
        layout.log("significance"),
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("significance"),
        code=code("significance"),
    shell:
        "python -m glalign significance --spec {params.spec:q} --csv {output.csv:q} --tex {output.tex:q} --log {log:q}"


rule mismatch:
    input:
        inputs("mismatch"),
    output:
        csv=layout.template("mismatch", "csv"),
        tex=layout.template("mismatch", "tex"),
    log:
        layout.log("mismatch"),
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("mismatch"),
        code=code("mismatch"),
    shell:
        "python -m glalign mismatch --spec {params.spec:q} --csv {output.csv:q} --tex {output.tex:q} --log {log:q}"


# LaTeX is not part of the installation: `snakemake --cores 1 results/tables.pdf` says before anything runs that it is missing.
rule document:
    input:
        inputs("document"),
    output:
        tex=layout.template("document", "tex"),
        pdf=layout.template("document", "pdf"),
    log:
        job=layout.log("document"),
        engine=layout.log("document").removesuffix(".log") + ".engine.log",
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("document"),
        code=code("document"),
        engine=lambda wildcards: Path(told(find_engine)).name,
    shell:
        "python -m glalign document --spec {params.spec:q} --tex {output.tex:q} --pdf {output.pdf:q}"
        " --transcript {log.engine:q} --log {log.job:q}"


rule no_such_table:
    input:
        no_such_table,
    output:
        multiext("{}/table{{unknown}}".format(layout.results), ".csv", ".tex"),
    wildcard_constraints:
        unknown=r"(?!(?:{})\.)[^/]+".format(one_of([*plan.jobs["table"], "s"])),
