"""One training of one system on one training set; test data are out of its reach."""


rule fit:
    input:
        inputs("fit"),
    output:
        model=layout.template("fit", "model"),
        run=layout.template("fit", "run"),
    log:
        layout.log("fit"),
    benchmark:
        layout.benchmark("fit")
    conda:
        "../envs/glalign.yaml"
    threads: config.get("threads", 1) * processes
    resources:
        gpu=gpus("fit"),
    params:
        launch=launch,
        spec=spec("fit"),
        code=code("fit"),
        weights=weights("fit"),
        folder=lambda wildcards, output: str(Path(output.model).parent),
    shell:
        "{params.launch} fit --spec {params.spec:q} --out {params.folder:q} --code {params.code} --log {log:q}"
