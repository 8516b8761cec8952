"""What the systems cost, and how their learning rates were chosen."""


rule size:
    output:
        size=layout.template("size", "size"),
    log:
        layout.log("size"),
    benchmark:
        layout.benchmark("size")
    conda:
        "../envs/glalign.yaml"
    threads: config.get("threads", 1)
    params:
        spec=spec("size"),
        code=code("size"),
    shell:
        "python -m glalign size --spec {params.spec:q} --out {output.size:q} --log {log:q}"


rule systems:
    input:
        inputs("systems"),
    output:
        csv=layout.template("systems", "csv"),
        tex=layout.template("systems", "tex"),
    log:
        layout.log("systems"),
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("systems"),
        code=code("systems"),
    shell:
        "python -m glalign systems --spec {params.spec:q} --csv {output.csv:q} --tex {output.tex:q} --log {log:q}"


rule compute:
    input:
        inputs("compute"),
    output:
        csv=layout.template("compute", "csv"),
    log:
        layout.log("compute"),
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("compute"),
        code=code("compute"),
    shell:
        "python -m glalign compute --spec {params.spec:q} --csv {output.csv:q} --log {log:q}"


rule tune:
    input:
        inputs("tune"),
    output:
        model=layout.template("tune", "model"),
        run=layout.template("tune", "run"),
    log:
        layout.log("tune"),
    benchmark:
        layout.benchmark("tune")
    conda:
        "../envs/glalign.yaml"
    threads: config.get("threads", 1) * processes
    resources:
        gpu=gpus("tune"),
    params:
        launch=launch,
        spec=spec("tune"),
        code=code("tune"),
        weights=weights("tune"),
        folder=lambda wildcards, output: str(Path(output.model).parent),
    shell:
        "{params.launch} fit --spec {params.spec:q} --out {params.folder:q} --code {params.code} --log {log:q}"


rule tuning:
    input:
        inputs("tuning"),
    output:
        document=layout.template("tuning", "document"),
    log:
        layout.log("tuning"),
    conda:
        "../envs/glalign.yaml"
    params:
        spec=spec("tuning"),
        code=code("tuning"),
    shell:
        "python -m glalign tuning --spec {params.spec:q} --out {output.document:q} --log {log:q}"
