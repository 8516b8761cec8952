"""A test set scored once: ranks, the archive boundary, and what is counted from them."""


rule predict:
    input:
        inputs("predict"),
    output:
        ranks=layout.template("predict", "ranks"),
        summary=layout.template("predict", "summary"),
    log:
        layout.log("predict"),
    benchmark:
        layout.benchmark("predict")
    conda:
        "../envs/glalign.yaml"
    threads: config.get("threads", 1)
    resources:
        gpu=gpus("predict"),
    params:
        spec=spec("predict"),
        code=code("predict"),
        weights=weights("predict"),
    shell:
        "python -m glalign predict --spec {params.spec:q} --out {output.ranks:q} --code {params.code} --log {log:q}"


rule metrics:
    input:
        inputs("metrics"),
    output:
        metrics=layout.template("metrics", "metrics"),
    log:
        layout.log("metrics"),
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("metrics"),
        code=code("metrics"),
    shell:
        "python -m glalign metrics --spec {params.spec:q} --out {output.metrics:q} --log {log:q}"
