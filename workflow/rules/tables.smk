"""The paper's tables, and the extended ones with ablations, oracle and random scores."""


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
        "python -m glalign table --spec {params.spec:q} --csv {output.csv:q} --tex {output.tex:q} --log {log:q}"


rule no_such_table:
    input:
        no_such_table,
    output:
        multiext("{}/table{{unknown}}".format(layout.results), ".csv", ".tex"),
    wildcard_constraints:
        unknown=r"(?!(?:{})\.)[^/]+".format(one_of(plan.jobs["table"])),
