"""From nothing, or a release, to a checked manifest."""


rule synthesize:
    output:
        annotations=layout.template("synthesize", "annotations"),
        truth=layout.template("synthesize", "truth"),
        images=directory(layout.template("synthesize", "images")),
        labels=directory(layout.template("synthesize", "labels")),
    log:
        layout.log("synthesize"),
    benchmark:
        layout.benchmark("synthesize")
    wildcard_constraints:
        dataset=one_of(plan.jobs["synthesize"]),
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("synthesize"),
        code=code("synthesize"),
        folder=lambda wildcards, output: str(Path(output.truth).parent),
    shell:
        "python -m glalign synthesize --spec {params.spec:q} --out {params.folder:q} --log {log:q}"


rule translate:
    input:
        inputs("translate"),
    output:
        annotations=layout.template("translate", "annotations"),
        truth=layout.template("translate", "truth"),
        translation=layout.template("translate", "translation"),
        images=directory(layout.template("translate", "images")),
        labels=directory(layout.template("translate", "labels")),
    log:
        layout.log("translate"),
    benchmark:
        layout.benchmark("translate")
    wildcard_constraints:
        dataset=one_of(plan.jobs["translate"]),
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("translate"),
        code=code("translate"),
        folder=lambda wildcards, output: str(Path(output.truth).parent),
    shell:
        "python -m glalign translate --spec {params.spec:q} --out {params.folder:q} --log {log:q}"


rule manifest:
    input:
        inputs("manifest"),
    output:
        manifest=layout.template("manifest", "manifest"),
        statistics=layout.template("manifest", "statistics"),
    log:
        layout.log("manifest"),
    benchmark:
        layout.benchmark("manifest")
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("manifest"),
        code=code("manifest"),
    shell:
        "python -m glalign manifest --spec {params.spec:q} --out {output.manifest:q} --log {log:q}"
