"""The tiny pre-trained twins, remade: `snakemake --cores 1 pretrain`."""


localrules:
    pretrain,


rule pretrain:
    input:
        expand(
            layout.template("pretrain", "weights"), weights=list(plan.jobs["pretrain"])
        ),


rule pretrain_twin:
    output:
        weights=layout.template("pretrain", "weights"),
        record=layout.template("pretrain", "record"),
    log:
        layout.log("pretrain"),
    benchmark:
        layout.benchmark("pretrain")
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("pretrain"),
        code=code("pretrain"),
    shell:
        "python -m glalign pretrain --spec {params.spec:q} --out {output.weights:q} --log {log:q}"
