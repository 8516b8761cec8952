"""The tiny pre-trained twins, remade: `snakemake --cores 1 pretrain`."""


localrules:
    pretrain,


rule pretrain:
    input:
        expand(
            layout.template("pretrain", "weights"), weights=list(plan.jobs["pretrain"])
        ),
        expand(
            layout.template("vocabulary", "vocabulary"),
            vocabulary=list(plan.jobs["vocabulary"]),
        ),
        expand(
            [
                layout.template("phobert_vocabulary", name)
                for name in ("vocabulary", "merges")
            ],
            vocabulary=list(plan.jobs["phobert_vocabulary"]),
        ),


rule vocabulary:
    output:
        vocabulary=layout.template("vocabulary", "vocabulary"),
    log:
        layout.log("vocabulary"),
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("vocabulary"),
        code=code("vocabulary"),
    shell:
        "python -m glalign vocabulary --spec {params.spec:q} --out {output.vocabulary:q} --log {log:q}"


rule phobert_vocabulary:
    output:
        vocabulary=layout.template("phobert_vocabulary", "vocabulary"),
        merges=layout.template("phobert_vocabulary", "merges"),
    log:
        layout.log("phobert_vocabulary"),
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("phobert_vocabulary"),
        code=code("phobert_vocabulary"),
    shell:
        "python -m glalign phobert-vocabulary --spec {params.spec:q} --vocabulary {output.vocabulary:q} "
        "--merges {output.merges:q} --log {log:q}"


rule pretrain_twin:
    input:
        inputs("pretrain"),
    output:
        weights=layout.template("pretrain", "weights"),
        record=layout.template("pretrain", "record"),
    log:
        layout.log("pretrain"),
    benchmark:
        layout.benchmark("pretrain")
    conda:
        "../envs/glalign.yaml"
    resources:
        gpu=gpus("pretrain"),
    params:
        spec=spec("pretrain"),
        code=code("pretrain"),
        weights=weights("pretrain"),
    shell:
        "python -m glalign pretrain --spec {params.spec:q} --out {output.weights:q} --log {log:q}"
